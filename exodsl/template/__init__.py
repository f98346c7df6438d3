"""What a workflow is: templates, their policies, placeholders, structure and checks."""
