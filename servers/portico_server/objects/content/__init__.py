"""The bytes of versions: on their way in, digested, made of parts, read again."""
