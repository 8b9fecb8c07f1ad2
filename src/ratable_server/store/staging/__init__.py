"""Usage on its way in: files as texts, texts as records, records judged in sets.

Owns the shape of a file of usage, what makes it unreadable as a whole, and the SQL that judges its rows by the
rules of `ratable.usage`: the same codes in the same order of precedence. It does not own when that happens and
what is kept of it: that is `operations.usage`. Nothing here holds a whole file in memory.

Texts are read in DuckDB, in this process; the database of the books only ever sees records, in temporary tables, and
has the last word about ids and open months.

    spooling     where a file comes from, packed or not, and its SHA-256
    columns      what its columns mean
    csv_blocks   CSV, strictly
    ndjson_rows, parquet_columns  the other formats
    texts        the file as a table of texts
    json_objects the further columns of a row as the text that jsonb makes of them
    known_items  what the books know of the items that the file names
    reading      texts become days, numbers, streams; every row gets the first rule that it breaks by itself
    tables       the temporary tables, and COPY into them
    settling     ids that came before, in the file or in the books; what goes on into the books
    hashing      the hash of accepted rows, chained
"""
