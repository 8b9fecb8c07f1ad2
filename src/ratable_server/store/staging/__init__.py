"""Usage on its way in: files as texts, texts as records, records judged in sets, in temporary tables.

Owns the shape of a file of usage, what makes it unreadable as a whole, and the SQL that judges its rows by the
rules of `ratable.usage`: the same codes in the same order of precedence. It does not own when that happens and
what is kept of it: that is `operations.usage`. Nothing here holds a whole file in memory.

    spooling    where a file comes from, packed or not, and its SHA-256
    columns     what its columns mean
    csv_blocks  CSV, strictly
    ndjson_rows, parquet_blocks  the other formats
    tables      the temporary tables, and COPY into them
    reading     texts become days, numbers, streams; every row gets the first rule that it breaks by itself
    settling    ids that came before, in the file or in the books; what goes on into the books
"""
