//! The submitted row, found by SQL in whatever table and column it went to.

use std::collections::BTreeMap;

use super::{Rows, clean};

/// Stands for NULL in what psql prints, where an empty text is something else.
const NULL: &str = "\u{2205}breakfix\u{2205}";
/// Rows that are kept.
const MOST_ROWS: usize = 20;
/// Columns that are kept.
const MOST_COLUMNS: usize = 40;

/// Asks the main database, and the others where the marker is not found. Runs in the database's container, as its superuser on the local socket.
pub(crate) const SCRIPT: &str = r#"
command -v psql >/dev/null 2>&1 || { echo 'there is no psql in this container' >&2; exit 127; }
user=${POSTGRES_USER:-postgres}
[ -z "$POSTGRES_USER_FILE" ] || user=$(cat "$POSTGRES_USER_FILE")
main=${POSTGRES_DB:-$user}
export PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=5
ask() { printf '%s\n' "$BREAKFIX_SQL" | psql -X -q --csv -P null="$BREAKFIX_NULL" -U "$user" -d "$1"; }
answer=$(ask "$main") || exit 2
printf '%s\n' "$answer"
case "$answer" in *"$BREAKFIX_MARKER"*) exit 0 ;; esac
psql -X -At -U "$user" -d "$main" -c "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate LIMIT 20" |
while read -r other; do [ "$other" = "$main" ] || ask "$other"; done
exit 0
"#;

/// Runs `BREAKFIX_SQL` in the main database, and prints what it gives.
pub(crate) const RUN: &str = r#"
user=${POSTGRES_USER:-postgres}
[ -z "$POSTGRES_USER_FILE" ] || user=$(cat "$POSTGRES_USER_FILE")
export PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=5
printf '%s\n' "$BREAKFIX_SQL" | psql -X -At -q -v ON_ERROR_STOP=1 -U "$user" -d "${POSTGRES_DB:-$user}"
"#;

/// SQL that gives the row with this name another one, and tells how many rows that were. Names are letters and digits only.
pub(crate) fn rename(found: &Rows, marker: &str, from: &str, to: &str) -> Option<String> {
    let is_named =
        |at: &usize| found.rows.iter().any(|row| row.get(*at).is_some_and(|cell| cell.as_deref() == Some(marker)));
    let column = quoted(&found.columns[(0..found.columns.len()).find(is_named)?]);
    let table: Vec<String> = found.table.splitn(2, '.').map(quoted).collect();
    Some(format!(
        "SET statement_timeout = 2000; WITH renamed AS (UPDATE {} SET {column} = '{to}' WHERE {column} = '{from}' RETURNING 1) \
         SELECT count(*) FROM renamed;",
        table.join(".")
    ))
}

/// A name as SQL reads it letter by letter.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The environment in which [`SCRIPT`] runs. The marker is letters and digits only.
pub(crate) fn environment(marker: &str, port: Option<u16>) -> BTreeMap<String, String> {
    let sql = format!(
        "SET statement_timeout = 5000;
SELECT format('SELECT %L AS breakfix_table, (SELECT count(*) FROM %I.%I) AS breakfix_total, breakfix_row.* FROM %I.%I AS breakfix_row WHERE breakfix_row::text LIKE %L LIMIT {MOST_ROWS}', CASE schemaname WHEN 'public' THEN tablename ELSE schemaname || '.' || tablename END, schemaname, tablename, schemaname, tablename, '%{marker}%') FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY tablename LIMIT 200
\\gexec"
    );
    let mut environment = BTreeMap::from([
        ("BREAKFIX_SQL".to_string(), sql),
        ("BREAKFIX_NULL".to_string(), NULL.to_string()),
        ("BREAKFIX_MARKER".to_string(), marker.to_string()),
    ]);
    if let Some(port) = port {
        environment.insert("PGPORT".into(), port.to_string());
    }
    environment
}

/// What psql printed for [`SCRIPT`]: the rows with the marker, of the `preferred` table if several hold it.
pub(crate) fn read(printed: &str, marker: &str, preferred: &str, submitted: BTreeMap<String, String>) -> Rows {
    let mut header: Vec<String> = Vec::new();
    let mut tables: Vec<Rows> = Vec::new();
    for record in csv(printed) {
        match record.first().map(String::as_str) {
            Some("breakfix_table") => header = record,
            Some(table) if header.len() >= 2 && record.len() == header.len() => {
                let cells = record[2..].iter().take(MOST_COLUMNS);
                let row: Vec<Option<String>> = cells.map(|cell| (cell != NULL).then(|| clean::line(cell))).collect();
                if !row.iter().flatten().any(|cell| cell.contains(marker)) {
                    continue;
                }
                let table = clean::line(table);
                let at = tables.iter().position(|rows| rows.table == table).unwrap_or_else(|| {
                    let columns = header[2..].iter().take(MOST_COLUMNS).map(|name| clean::line(name)).collect();
                    let total = record[1].parse().unwrap_or_default();
                    tables.push(Rows { table, columns, total, ..Rows::default() });
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
    fn prefers_the_courses_table() {
        let printed =
            "breakfix_table,breakfix_total,what\naudit,1,added m1\nbreakfix_table,breakfix_total,name\nitems,1,m1\n";
        assert_eq!(read(printed, "m1", "items", BTreeMap::new()).table, "items");
        assert_eq!(read(printed, "m1", "goods", BTreeMap::new()).table, "audit");
        assert_eq!(read("", "m1", "items", BTreeMap::new()), Rows::default());
    }

    #[test]
    fn a_row_is_renamed_in_the_column_that_holds_its_name() {
        let rows = Rows {
            table: "shop.my\"items".into(),
            columns: vec!["id".into(), "title".into()],
            rows: vec![vec![Some("1".into()), Some("m1".into())]],
            ..Rows::default()
        };
        let sql = rename(&rows, "m1", "m2", "m3").unwrap();
        assert!(sql.contains("UPDATE \"shop\".\"my\"\"items\" SET \"title\" = 'm3' WHERE \"title\" = 'm2'"), "{sql}");
        assert_eq!(rename(&rows, "other", "m2", "m3"), None, "a name that stands among other words stays");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "(breakfix_(table|total)|[a-z\",\n\r]){0,60}") {
            read(&text, "a", "b", BTreeMap::new());
        }
    }
}
