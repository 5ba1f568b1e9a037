"""The trajectory regime: where training on S leads, compared with where training on T has led."""
