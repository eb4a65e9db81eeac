-- What may change of a stored version: its tags, its retention, its legal hold. Not beside the release before: that one
-- would delete what is locked, and leave a replaced object's tags to the one that replaces it.

ALTER TABLE object ADD COLUMN marks BLOB NOT NULL DEFAULT x'';  -- a serialized portico.objects.v1.Object; empty: none
ALTER TABLE version ADD COLUMN marks BLOB NOT NULL DEFAULT x'';
