"""What the function `live` needs: the stream of data versions, and the figures of now."""
