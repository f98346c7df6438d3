"""The screens: each binds widgets to what the reader answers."""
