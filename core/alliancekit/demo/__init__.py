"""A whole call on one machine: the vendor's pages, two scripted people, real WebRTC."""
