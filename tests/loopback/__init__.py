"""A Discord on this machine, reached over real HTTP and WebSocket by processes really started."""
