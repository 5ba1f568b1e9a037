"""What reads private rows: noisy releases with an account of what they give away."""
