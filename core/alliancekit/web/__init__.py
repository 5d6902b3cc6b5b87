"""What runs in the page: the custom element and its styles, and the rating page."""
