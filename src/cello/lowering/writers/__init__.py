"""What a lowered module becomes: C, JavaScript, a page."""
