use super::*;

#[test]
fn a_file_truncated_during_a_checkpoint_of_this_process_is_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    fs::write(&path, [0; 8192]).unwrap();
    let file = OpenedFile::new(&path).unwrap();
    let checkpoint = file.begin_checkpoint().unwrap();
    fs::write(&path, [1; 12_288]).unwrap();
    drop(checkpoint);
    assert_eq!(file.status(), FileStatus::Unchanged, "a checkpoint extends it");
    let checkpoint = file.begin_checkpoint().unwrap();
    fs::write(&path, [1; 8192]).unwrap();
    drop(checkpoint);
    assert_eq!(file.status(), FileStatus::Written);
}
