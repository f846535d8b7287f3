//! Captured output.

use crate::house::{House, NOW, completed, sign_on, task};
use hob_core::{AttemptNumber, Bytes, Timestamp};
use hob_store::{
    Finished, Retention,
    output::{OutputReader, OutputSummary, OutputWriter, Outputs},
};
use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const ONE: AttemptNumber = AttemptNumber(1);

fn writer(house: &House, limit: u64) -> OutputWriter {
    Outputs::of(&house.state()).writer(1, ONE, Bytes(limit))
}

fn reader(house: &House) -> OutputReader {
    Outputs::of(&house.state()).reader(1, ONE).expect("opens").expect("is there")
}

fn content(house: &House) -> Vec<u8> {
    fs::read(house.file("output/1-1.out")).expect("reads")
}

#[test]
fn no_output_no_file() {
    let house = House::new();
    let output = writer(&house, 100);
    output.write(b"").expect("writes");
    assert_eq!(output.finish().expect("finishes"), OutputSummary::default());
    assert!(Outputs::of(&house.state()).reader(1, ONE).expect("looks").is_none());
    assert!(!house.state().exists());
}

#[test]
fn bytes_are_kept_as_they_came() {
    let house = House::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let output = writer(&house, 70_000 + (70_000 / 7) + 8);
    for piece in bytes.chunks(999) {
        output.write(piece).expect("writes");
        assert!(content(&house).ends_with(piece), "it is there at once");
    }
    let summary = output.finish().expect("finishes");
    assert_eq!(summary, OutputSummary { written: Bytes(70_000), left_out: Bytes(0) });
    assert_eq!(content(&house), bytes);
    output.write(b"late").expect("is dropped");
    assert_eq!(output.finish().expect("says the same"), summary);
    assert_eq!(content(&house), bytes);
}

#[test]
fn up_to_the_limit_nothing_is_left_out() {
    for size in [1, 87, 88, 89, 99, 100] {
        let house = House::new();
        let output = writer(&house, 100);
        let bytes: Vec<u8> = (0..size).collect();
        output.write(&bytes).expect("writes");
        assert_eq!(output.finish().expect("finishes").left_out, Bytes(0));
        assert_eq!(content(&house), bytes, "{size}");
    }
}

#[test]
fn beyond_the_limit_head_and_tail_are_kept_and_the_rest_is_counted() {
    let house = House::new();
    let output = writer(&house, 80);
    for n in 0..100 {
        output.write(format!("line {n:04}\n").as_bytes()).expect("writes");
    }
    let summary = output.finish().expect("finishes");
    assert_eq!(summary, OutputSummary { written: Bytes(1_000), left_out: Bytes(920) });
    let expect = "line 0000\nline 0001\nline 0002\nline 0003\nline 0004\nline 0005\nline 0006\n\
                  [hob: 920 bytes left out]\nline 0099\n";
    assert_eq!(String::from_utf8(content(&house)).expect("text"), expect);
}

#[test]
fn the_marker_has_a_line_of_its_own() {
    let house = House::new();
    let output = writer(&house, 16);
    output.write(b"abcdefghijklmnopqrstuvwxyz").expect("writes");
    drop(output);
    assert_eq!(content(&house), b"abcdefghijklmn\n[hob: 10 bytes left out]\nyz");
    let nothing = House::new();
    let output = writer(&nothing, 0);
    output.write(b"abc").expect("writes");
    drop(output);
    assert_eq!(content(&nothing), b"[hob: 3 bytes left out]\n");
}

#[test]
fn several_threads_write_whole_pieces() {
    let house = House::new();
    let output = Arc::new(writer(&house, 1 << 20));
    let threads: Vec<_> = (b'a'..b'e')
        .map(|letter| {
            let output = Arc::clone(&output);
            thread::spawn(move || {
                for _ in 0..200 {
                    output.write(&[[letter; 99].as_slice(), b"\n"].concat()).expect("writes");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    output.finish().expect("finishes");
    let content = content(&house);
    assert_eq!(content.len(), 80_000);
    assert!(content.chunks(100).all(|line| line[..99].iter().all(|byte| *byte == line[0]) && line[99] == b'\n'));
}

/// Puts a full device in the place of an attempt's file.
#[cfg(target_os = "linux")]
#[test]
fn f05_a_full_disk_is_no_error() {
    let house = House::new();
    fs::create_dir_all(house.file("output")).expect("makes");
    std::os::unix::fs::symlink("/dev/full", house.file("output/1-1.out")).expect("links");
    let output = writer(&house, 1_000);
    output.write(b"lost\n").expect("is no error");
    output.write(b"lost too\n").expect("is no error");
    assert_eq!(output.finish().expect("is no error"), OutputSummary { written: Bytes(14), left_out: Bytes(14) });
}

#[test]
fn the_last_lines() {
    let house = House::new();
    let output = writer(&house, 1 << 20);
    output.write(b"one\ntwo\n\nfour\nfive").expect("writes");
    let mut reader = reader(&house);
    let mut tail = |lines, most| {
        let offset = reader.tail(lines, most).expect("reads");
        String::from_utf8(reader.read(offset, 1 << 20).expect("reads")).expect("text")
    };
    assert_eq!(tail(0, 100), "");
    assert_eq!(tail(1, 100), "five");
    assert_eq!(tail(2, 100), "four\nfive");
    assert_eq!(tail(3, 100), "\nfour\nfive");
    assert_eq!(tail(9, 100), "one\ntwo\n\nfour\nfive");
    assert_eq!(tail(9, 6), "r\nfive");
    output.write(b"\n").expect("writes");
    assert_eq!(tail(1, 100), "five\n");
    assert_eq!(tail(2, 100), "four\nfive\n");
}

#[test]
fn following_goes_on_where_it_was() {
    let house = House::new();
    let output = writer(&house, 100);
    output.write(b"first").expect("writes");
    let mut reader = reader(&house);
    assert_eq!(reader.read(0, 3).expect("reads"), b"fir");
    assert_eq!(reader.read(3, 100).expect("reads"), b"st");
    assert_eq!(reader.read(5, 100).expect("reads"), b"");
    output.write(b" second").expect("writes");
    assert_eq!(reader.read(5, 100).expect("reads"), b" second");
    assert_eq!(reader.size().expect("reads"), 12);
}

#[test]
fn the_last_lines_of_a_gigabyte_come_at_once() {
    let house = House::new();
    writer(&house, 100).write(b"x").expect("writes");
    // All but the end is a hole, which reads as fast as the rest.
    let mut file = File::options().write(true).open(house.file("output/1-1.out")).expect("opens");
    file.seek(SeekFrom::Start(1 << 30)).expect("seeks");
    file.write_all("\na line like any other".repeat(1_000).as_bytes()).expect("writes");
    let mut reader = reader(&house);
    let begin = Instant::now();
    let offset = reader.tail(10, 1 << 20).expect("reads");
    let lines = reader.read(offset, 1 << 20).expect("reads");
    let took = begin.elapsed();
    assert_eq!(String::from_utf8(lines).expect("text").lines().count(), 10);
    assert!(took < Duration::from_millis(10), "{took:?}");
    // One line without an end is looked for no further than asked.
    let begin = Instant::now();
    assert_eq!(reader.tail(2_000, 1 << 20).expect("reads"), reader.size().expect("reads") - (1 << 20));
    assert!(begin.elapsed() < Duration::from_millis(200));
}

#[test]
fn output_counts_and_goes_with_its_task() {
    let house = House::new();
    let mut store = house.open();
    let worker = sign_on(&mut store, "w1");
    let tasks = ["a", "b", "c"].map(task);
    store.submit(&tasks, NOW).expect("accepted");
    let outputs = Outputs::of(&house.state());
    for (index, claim) in store.claim(&worker, 3, 3, NOW).expect("claims").into_iter().enumerate() {
        if index != 1 {
            let output = outputs.writer(claim.task.sequence, claim.attempt, Bytes(1_000));
            output.write(&[b'x'; 100]).expect("writes");
            output.finish().expect("finishes");
            fs::create_dir_all(house.file(&format!("artifacts/{}-1", claim.task.sequence))).expect("makes");
        }
        let end = Finished { id: claim.task.id, attempt: claim.attempt, outcome: completed() };
        store.finish(end, Timestamp(i64::try_from(index).expect("few"))).expect("finishes");
    }
    assert_eq!(store.counts().expect("counts").output, Bytes(200));
    let retention = Retention { output: Some(Bytes(150)), ..Retention::default() };
    let pruned = store.prune(&retention, NOW).expect("prunes");
    assert_eq!(pruned.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(store.counts().expect("counts").output, Bytes(100));
    assert!(outputs.reader(1, ONE).expect("looks").is_none());
    assert!(!house.file("artifacts/1-1").exists());
    assert!(outputs.reader(3, ONE).expect("looks").is_some());
    assert!(house.file("artifacts/3-1").exists());

    fs::write(house.file("output/1-2.out"), b"left over").expect("writes");
    fs::write(house.file("output/77-2.out"), b"of another database").expect("writes");
    fs::write(house.file("output/notes.txt"), b"not ours").expect("writes");
    let orphans = store.orphans().expect("looks");
    assert_eq!(orphans.pruned, [house.file("output/1-2.out")]);
    assert_eq!(orphans.foreign, [house.file("output/77-2.out")]);
    assert_eq!(store.remove_orphans(), Ok(1));
    assert!(!house.file("output/1-2.out").exists());
    assert!(house.file("output/77-2.out").exists());
    assert!(house.file("output/notes.txt").exists());
    assert!(outputs.reader(3, ONE).expect("looks").is_some());
}
