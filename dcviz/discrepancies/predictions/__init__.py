"""The prediction regime: how well what is learned from S predicts T."""
