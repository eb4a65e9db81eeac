-- Rows of the load `records`.

CREATE TABLE record (
  writer INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  number INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (writer, batch, number)
) HEAP;
