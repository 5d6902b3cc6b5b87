"""What runs in the page: the custom element, its styles and its texts."""
