//! Going over the whole book.

use std::ops::ControlFlow;

use sokhoe_domain::Section;

use super::{Phone, apply, at, put, rows};

#[test]
fn every_resource_is_visited_as_it_came_in_the_order_it_came() {
    let phone = Phone::new();
    let vault = phone.create();
    let jsons: Vec<String> = (0..700)
        .map(|n| rows(&format!("r{n}"), 1, &[(&format!("chữ {n}"), Some(n), 1)]))
        .collect();
    let changes: Vec<_> = jsons
        .iter()
        .enumerate()
        .map(|(n, json)| put(&format!("r{n}"), 1, json))
        .collect();
    apply(&vault, "a", &changes, "1");
    let mut seen = Vec::new();
    vault
        .for_each_resource(&mut |resource| {
            seen.push((resource.key.id, resource.json));
            ControlFlow::Continue(())
        })
        .unwrap();
    let expected: Vec<_> = jsons
        .into_iter()
        .enumerate()
        .map(|(n, json)| (format!("r{n}"), json))
        .collect();
    assert_eq!(seen, expected);
    let mut count = 0;
    vault
        .for_each_resource(&mut |_| {
            count += 1;
            if count == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(count, 3);
}

#[test]
fn a_walk_sees_one_moment() {
    let phone = Phone::new();
    let vault = phone.create();
    let json = rows("a", 1, &[("một", Some(1), 1)]);
    apply(&vault, "a", &[put("a", 1, &json)], "1");
    let later = rows("b", 1, &[("hai", Some(2), 1)]);
    let mut seen = 0;
    vault
        .for_each_resource(&mut |_| {
            seen += 1;
            apply(&vault, "a", &[put("b", 1, &later)], "2");
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 1);
    seen = 0;
    vault
        .for_each_resource(&mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn rows_of_a_section_come_newest_first_with_when_they_were_received() {
    let phone = Phone::new();
    let vault = phone.create();
    let json = rows(
        "a",
        1,
        &[
            ("cũ", Some(1), 1),
            ("không ngày", None, 1),
            ("mới", Some(9), 1),
            ("thuốc", Some(5), 2),
        ],
    );
    apply(&vault, "a", &[put("a", 1, &json)], "1");
    let received = {
        let mut received = at(0);
        vault
            .for_each_resource(&mut |resource| {
                received = resource.received;
                ControlFlow::Continue(())
            })
            .unwrap();
        received
    };
    let section = |section| {
        let mut titles = Vec::new();
        vault
            .for_each_entry(section, &mut |entry| {
                assert_eq!(entry.received, received);
                titles.push(entry.row.title);
                ControlFlow::Continue(())
            })
            .unwrap();
        titles
    };
    let one = Section::from_code(1).unwrap();
    let two = Section::from_code(2).unwrap();
    assert_eq!(section(one), ["mới", "cũ", "không ngày"]);
    assert_eq!(section(two), ["thuốc"]);
}
