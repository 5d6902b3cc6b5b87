"""The service as people and programs reach it: HTTP API, WebSocket, therapist's pages."""
