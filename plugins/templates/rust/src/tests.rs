use super::*;
use hob_plugin::testing::World;
use serde_json::json;

fn world() -> World {
    World::new()
        .file("a.md", "one two two")
        .file("b.md", "two three")
        .file("c.txt", "four")
}

#[test]
fn it_counts_the_words_of_the_files_that_are_asked_for() {
    let ran = world().run::<Words>(&json!({ "glob": "*.md", "top": 1 }));
    let success = ran.result.expect("success");
    assert_eq!(success.summary, "5 words in 2 files");
    assert_eq!(success.data, Some(Data { files: 2, words: 5 }));
    assert_eq!(ran.output, "3 two\n");
}

#[test]
fn it_stops_when_it_is_asked_to() {
    let ran = world().cancelled_at("a.md").run::<Words>(&json!({}));
    assert_eq!(ran.result, Err(TaskError::Cancelled));
}

#[test]
fn it_passes_a_denial_on() {
    let ran = world().without_folder().run::<Words>(&json!({}));
    assert!(matches!(ran.result, Err(TaskError::Denied(_))));
}
