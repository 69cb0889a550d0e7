//! JSON Schemas of `course.toml` and the lesson files, for editors: made from the types, so that they cannot drift from them.

use std::path::Path;

use schemars::{JsonSchema, generate::SchemaSettings};

use super::{Course, Lesson, Practice};

/// The schema of a type as it is read from TOML.
fn schema<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft07().for_deserialize().into_generator().into_root_schema_for::<T>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap();
    text.push('\n');
    text
}

/// Compares with the file in `docs/`, or writes it where `BREAKFIX_WRITE_SCHEMAS` is set.
#[track_caller]
fn is_up_to_date(name: &str, schema: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("BREAKFIX_WRITE_SCHEMAS").is_some() {
        std::fs::write(&path, schema).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == schema,
        "docs/{name} is not what the types say: BREAKFIX_WRITE_SCHEMAS=1 cargo test --lib schema"
    );
}

#[test]
fn the_schemas_in_docs_say_what_the_types_say() {
    is_up_to_date("course.schema.json", &schema::<Course>());
    is_up_to_date("lesson.schema.json", &schema::<Lesson>());
    is_up_to_date("practice.schema.json", &schema::<Practice>());
}

#[test]
fn a_lesson_of_ours_has_the_keys_of_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema::<Lesson>()).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let properties = schema["properties"].as_object().unwrap();
    let lesson: toml::Table = include_str!("../../lessons/03-constructor.toml").parse().unwrap();
    for key in lesson.keys() {
        assert!(properties.contains_key(key), "{key}");
    }
    for key in schema["required"].as_array().unwrap() {
        assert!(lesson.contains_key(key.as_str().unwrap()), "{key}");
    }
    let turn = &schema["definitions"]["WrongTurn"]["properties"];
    assert_eq!(turn["when"]["allOf"][0]["$ref"], "#/definitions/Condition", "{turn}");
}
