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

#[cfg(unix)]
#[test]
fn fr_05_a_folder_out_of_reach_at_the_end_of_a_checkpoint_is_no_change_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let (inner, elsewhere) = (folder.path().join("data"), folder.path().join("elsewhere"));
    fs::create_dir(&inner).unwrap();
    let path = inner.join("a.db");
    fs::write(&path, [0; 8192]).unwrap();
    let file = OpenedFile::new(&path).unwrap();
    let checkpoint = file.begin_checkpoint().unwrap();
    fs::write(&path, [1; 12_288]).unwrap();
    fs::rename(&inner, &elsewhere).unwrap();
    drop(checkpoint);
    fs::rename(&elsewhere, &inner).unwrap();
    assert_eq!(file.status(), FileStatus::Unchanged, "it was this process");
    assert!(file.has_same_length());
    fs::write(&path, [2; 16_384]).unwrap();
    assert_eq!(file.status(), FileStatus::Written, "and this was not");
}
