"""Programs and libraries that speak S3."""
