"""What the inspector does: plans that say first what will happen, forms, copies, files. Nothing here is a screen."""
