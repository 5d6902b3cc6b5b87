"""What all pages draw with: SVG made on the server, without inline styles."""
