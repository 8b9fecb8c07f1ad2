"""Records of usage that come as a call, not as a file: judged one by one in this process, written by one statement.

The rules are those of `staging.reading` and `staging.settling`, which judge whole files in sets. Up to some ten thousand
records it costs less to do without the table of texts and the temporary tables that a file needs.

    reading   a record as it came becomes its day, its numbers and the stream that it names
    judging   the first rule that it breaks by itself, and the hash of its content
    meeting   records against each other, the open months and the ids that are taken
    looking   what the books say of records, under the locks
    writing   what goes on into the books
"""
