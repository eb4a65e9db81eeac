"""The `portico` command. It stands on the SDK for calls, and on the supervisor for starting and stopping a platform
here."""
