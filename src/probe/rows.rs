//! The submitted row, found by SQL in whatever table and column it went to.

use std::collections::BTreeMap;

use super::{Rows, clean};

/// Stands for NULL in what psql prints, where an empty text is something else.
const NULL: &str = "\u{2205}breakfix\u{2205}";
/// Rows that are kept.
const MOST_ROWS: usize = 20;
/// Columns that are kept.
const MOST_COLUMNS: usize = 40;

/// Asks the main database, and the others where the marker is not found; the row in the main one gets another name at once. Runs in the
/// database's container, as its superuser on the local socket.
pub(crate) const SCRIPT: &str = r#"
command -v psql >/dev/null 2>&1 || { echo 'there is no psql in this container' >&2; exit 127; }
user=${POSTGRES_USER:-postgres}
[ -z "$POSTGRES_USER_FILE" ] || user=$(cat "$POSTGRES_USER_FILE")
main=${POSTGRES_DB:-$user}
export PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=5
ask() { printf '%s\n' "$BREAKFIX_SQL" "$2" | psql -X -q --csv -P null="$BREAKFIX_NULL" -U "$user" -d "$1"; }
answer=$(ask "$main" "$BREAKFIX_RENAME") || exit 2
printf '%s\n' "$answer"
case "$answer" in *"$BREAKFIX_MARKER"*) echo breakfix_end; exit 0 ;; esac
psql -X -At -U "$user" -d "$main" -c "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate LIMIT 20" |
while read -r other; do [ "$other" = "$main" ] || { echo "breakfix_database,$other"; ask "$other"; }; done
echo breakfix_end
exit 0
"#;

/// The last line of what [`SCRIPT`] prints.
const END: &str = "breakfix_end";

/// Whether what was printed for [`SCRIPT`] came to its end: an answer that was cut off is not one without rows.
pub(crate) fn is_whole(printed: &str, most: usize) -> bool {
    // The beginning of a long one is kept, and is enough.
    printed.trim_end().ends_with(END) || printed.len() >= most
}

/// The one column of what a renaming gives, and the cell for each row.
const RENAMED: [&str; 2] = ["breakfix_renamed", "yes"];

/// For psql: gives whatever has one name another one, in any table. Names are letters and digits only; one that stands among other
/// words stays.
pub(crate) fn rename(from: &str, to: &str) -> String {
    let [column, yes] = RENAMED;
    format!(
        "SET statement_timeout = 2000;
SELECT format('UPDATE %I.%I SET %I = %L WHERE %I = %L RETURNING %L AS {column}', space.nspname, rel.relname, att.attname, '{to}', att.attname, '{from}', '{yes}') FROM pg_attribute att JOIN pg_class rel ON rel.oid = att.attrelid JOIN pg_namespace space ON space.oid = rel.relnamespace WHERE rel.relkind IN ('r', 'p') AND att.attnum > 0 AND NOT att.attisdropped AND att.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) AND space.nspname NOT IN ('pg_catalog', 'information_schema') LIMIT 500
\\gexec"
    )
}

/// Whether what psql printed for [`SCRIPT`] says that a row has got another name.
pub(crate) fn was_renamed(printed: &str) -> bool {
    csv(printed).windows(2).any(|records| records == [[RENAMED[0]], [RENAMED[1]]])
}

/// The environment in which [`SCRIPT`] runs. The marker is letters and digits only.
pub(crate) fn environment(marker: &str, renamed: &str, port: Option<u16>) -> BTreeMap<String, String> {
    let sql = format!(
        "SET statement_timeout = 5000;
SELECT format('SELECT %L AS breakfix_table, (SELECT count(*) FROM %I.%I) AS breakfix_total, breakfix_row.* FROM %I.%I AS breakfix_row WHERE breakfix_row::text LIKE %L LIMIT {MOST_ROWS}', CASE schemaname WHEN 'public' THEN tablename ELSE schemaname || '.' || tablename END, schemaname, tablename, schemaname, tablename, '%{marker}%') FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY tablename LIMIT 200
\\gexec"
    );
    let port = port.map(|port| ("PGPORT".to_string(), port.to_string()));
    let mut environment: BTreeMap<String, String> = port.into_iter().collect();
    environment.extend([
        ("BREAKFIX_SQL".to_string(), sql),
        ("BREAKFIX_RENAME".to_string(), rename(marker, renamed)),
        ("BREAKFIX_NULL".to_string(), NULL.to_string()),
        ("BREAKFIX_MARKER".to_string(), marker.to_string()),
    ]);
    environment
}

/// What psql printed for [`SCRIPT`]: the rows with the marker, of the `preferred` table if several hold it.
pub(crate) fn read(printed: &str, marker: &str, preferred: &str, submitted: BTreeMap<String, String>) -> Rows {
    let mut header: Vec<String> = Vec::new();
    let mut database: Option<String> = None;
    let mut tables: Vec<Rows> = Vec::new();
    for record in csv(printed) {
        match record.first().map(String::as_str) {
            Some("breakfix_table") => header = record,
            Some("breakfix_database") => database = record.get(1).map(|name| clean::line(name)),
            Some(table) if header.len() >= 2 && record.len() == header.len() => {
                let cells = record[2..].iter().take(MOST_COLUMNS);
                let row: Vec<Option<String>> = cells.map(|cell| (cell != NULL).then(|| clean::line(cell))).collect();
                if !row.iter().flatten().any(|cell| cell.contains(marker)) {
                    continue;
                }
                let table = clean::line(table);
                let same = |rows: &Rows| rows.table == table && rows.database == database;
                let at = tables.iter().position(same).unwrap_or_else(|| {
                    let columns = header[2..].iter().take(MOST_COLUMNS).map(|name| clean::line(name)).collect();
                    let total = record[1].parse().unwrap_or_default();
                    let database = database.clone();
                    tables.push(Rows { table, database, columns, total, ..Rows::default() });
                    tables.len() - 1
                });
                if tables[at].rows.len() < MOST_ROWS {
                    tables[at].rows.push(row);
                }
            }
            _ => {}
        }
    }
    let best = tables.iter().position(|rows| rows.table == preferred).unwrap_or(0);
    let rows = if tables.is_empty() { Rows::default() } else { tables.swap_remove(best) };
    Rows { submitted, ..rows }
}

/// Records of comma-separated values, quoted as psql does.
fn csv(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            '\r' if !quoted => {}
            _ => cell.push(char),
        }
    }
    if !cell.is_empty() || !record.is_empty() {
        record.push(cell);
        records.push(record);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_table_columns_rows_and_total() {
        let printed = format!(
            "breakfix_table,breakfix_total,id,what\n\
             breakfix_table,breakfix_total,id,name,quantity,description\n\
             items,3,2,teapot1,42,\"two, \"\"words\"\"\nand a line\"\nitems,3,3,teapot1,{NULL},\n"
        );
        let submitted = BTreeMap::from([("name".to_string(), "teapot1".to_string())]);
        let rows = read(&printed, "teapot1", "items", submitted.clone());
        assert_eq!((rows.table.as_str(), rows.total), ("items", 3));
        assert_eq!(rows.columns, ["id", "name", "quantity", "description"]);
        let cell = |text: &str| Some(text.to_string());
        assert_eq!(rows.rows[0], [cell("2"), cell("teapot1"), cell("42"), cell("two, \"words\" and a line")]);
        assert_eq!(rows.rows[1], [cell("3"), cell("teapot1"), None, cell("")]);
        assert_eq!(rows.submitted, submitted);
    }

    #[test]
    fn an_answer_that_was_cut_off_is_told_from_one_without_rows() {
        assert!(is_whole("breakfix_end\n", 100));
        assert!(!is_whole("", 100) && !is_whole("breakfix_table,breakfix_total,name\nitems,1,\"m", 100));
        assert!(is_whole(&"x".repeat(100), 100));
        assert_eq!(read("breakfix_end\n", "m1", "items", BTreeMap::new()), Rows::default());
    }

    #[test]
    fn prefers_the_courses_table() {
        let printed =
            "breakfix_table,breakfix_total,what\naudit,1,added m1\nbreakfix_table,breakfix_total,name\nitems,1,m1\n";
        assert_eq!(read(printed, "m1", "items", BTreeMap::new()).table, "items");
        assert_eq!(read(printed, "m1", "goods", BTreeMap::new()).table, "audit");
        assert_eq!(read("", "m1", "items", BTreeMap::new()), Rows::default());
    }

    #[test]
    fn a_renaming_is_told_by_its_row() {
        let found = "breakfix_table,breakfix_total,name\nitems,1,m1\n";
        assert!(was_renamed(&format!("{found}breakfix_renamed\nbreakfix_renamed\nyes\nbreakfix_renamed\n")));
        assert!(!was_renamed(&format!("{found}breakfix_renamed\nbreakfix_renamed\n")));
        assert!(!was_renamed("breakfix_table,breakfix_total,name\nitems,1,\"m1\nbreakfix_renamed\nyes\"\n"));
        let printed = format!("{found}breakfix_renamed\nyes\n");
        assert_eq!(read(&printed, "m1", "items", BTreeMap::new()).rows.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "(breakfix_(table|total)|[a-z\",\n\r]){0,60}") {
            read(&text, "a", "b", BTreeMap::new());
        }
    }
}
