"""The worker's message channel: schema, codec, frames, and the requests and notifications that travel in them."""
