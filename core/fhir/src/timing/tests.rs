//! When a medicine is to be taken.

use proptest::prelude::*;

use super::*;

const AUTHORED: &str = "2026-11-24T10:00:00+07:00";

/// A request with these dosages and whatever else.
fn request(dosages: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","authoredOn":"{AUTHORED}","dosageInstruction":[{dosages}]{more}}}"#
    )
}

fn of_repeat(repeat: &str) -> DoseTimes {
    let dosage = format!(r#"{{"timing":{{"repeat":{{{repeat}}}}}}}"#);
    dose_times(&request(&dosage, ""), &DayTimes::default())
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_fhir(&format!("{text}:00+07:00")).unwrap()
}

/// The first eight, without the year.
fn said(of: &DoseTimes) -> Vec<String> {
    let DoseTimes::Known(courses) = of else {
        return vec![format!("{of:?}")];
    };
    let far = instant("2030-01-01T00:00");
    let all = between(courses, Timestamp::from_millis(0), far, 8);
    all.into_iter()
        .map(|at| at.in_vietnam().format("%d/%m %H:%M").to_string())
        .collect()
}

#[test]
fn what_is_understood_comes_at_these_times() {
    for (repeat, times) in [
        // The morning of the first day is over.
        (
            r#""frequency":2,"period":1,"periodUnit":"d","when":["MORN","EVE"],"boundsDuration":{"value":2,"code":"d"}"#,
            "24/11 18:00, 25/11 07:00, 25/11 18:00, 26/11 07:00",
        ),
        (
            r#""timeOfDay":["20:00:00","08:00:00"],"boundsPeriod":{"start":"2026-11-25","end":"2026-11-26"}"#,
            "25/11 08:00, 25/11 20:00, 26/11 08:00, 26/11 20:00",
        ),
        (
            r#""timeOfDay":["08:00:00"],"boundsPeriod":{"start":"2026-11-25T09:00:00+07:00","end":"2026-11-27T08:00:00+07:00"}"#,
            "26/11 08:00, 27/11 08:00",
        ),
        (
            r#""when":["PC"],"frequency":3,"period":1,"periodUnit":"d","count":4"#,
            "24/11 12:00, 24/11 19:00, 25/11 07:30, 25/11 12:00",
        ),
        (r#""when":["AC"],"count":2"#, "24/11 11:00, 24/11 18:00"),
        (r#""when":["ACM"],"offset":15,"count":1"#, "25/11 06:45"),
        (r#""when":["PCV"],"offset":60,"count":1"#, "24/11 19:30"),
        (r#""when":["HS"],"offset":30,"count":1"#, "24/11 21:00"),
        (
            r#""when":["NOON","NIGHT"],"count":3"#,
            "24/11 12:00, 24/11 21:00, 25/11 12:00",
        ),
        (
            r#""frequency":1,"period":2,"periodUnit":"d","when":["HS"],"boundsPeriod":{"start":"2026-11-24","end":"2026-11-29"}"#,
            "24/11 21:30, 26/11 21:30, 28/11 21:30",
        ),
        (
            r#""frequency":3,"period":1,"periodUnit":"wk","dayOfWeek":["mon","wed","fri"],"timeOfDay":["06:30:00"],"count":4"#,
            "25/11 06:30, 27/11 06:30, 30/11 06:30, 02/12 06:30",
        ),
        (
            r#""period":1.0,"periodUnit":"wk","frequency":1,"timeOfDay":["07:00:00"],"boundsPeriod":{"start":"2026-11-24","end":"2026-12"}"#,
            "24/11 07:00, 01/12 07:00, 08/12 07:00, 15/12 07:00, 22/12 07:00, 29/12 07:00",
        ),
        (
            r#""frequency":1,"period":8,"periodUnit":"h","count":4,"boundsPeriod":{"start":"2026-11-24T22:00:00+07:00"}"#,
            "24/11 22:00, 25/11 06:00, 25/11 14:00, 25/11 22:00",
        ),
        (
            r#""timeOfDay":["08:00:00"],"boundsPeriod":{"start":"2026-11-24","end":"2026-11-24"}"#,
            "24/11 08:00",
        ),
        (
            r#""when":["EVE"],"boundsDuration":{"value":1,"unit":"wk"},"count":1"#,
            "24/11 18:00",
        ),
    ] {
        assert_eq!(said(&of_repeat(repeat)).join(", "), times, "{repeat}");
    }
}

#[test]
fn codes_and_listed_instants_are_understood_too() {
    let of = |timing: &str| {
        let dosage = format!(r#"{{"timing":{timing}}}"#);
        said(&dose_times(&request(&dosage, ""), &DayTimes::default()))
    };
    assert_eq!(
        of(r#"{"code":{"coding":[{"code":"BED"}]}}"#)[0],
        "24/11 21:30"
    );
    assert_eq!(
        of(r#"{"code":{"coding":[{"code":"BID"}]},"repeat":{"when":["MORN","EVE"],"count":1}}"#),
        ["24/11 18:00"]
    );
    let afternoons = of(r#"{"code":{"coding":[{"code":"PM"}]},"repeat":{"count":1}}"#);
    assert_eq!(afternoons, ["24/11 15:00"]);
    assert_eq!(
        of(r#"{"event":["2026-12-02T08:00:00+07:00","2026-12-01T08:00:00+07:00"]}"#),
        ["01/12 08:00", "02/12 08:00"]
    );
    for unclear in [
        r#"{"code":{"coding":[{"code":"BID"}]},"repeat":{"when":["MORN"]}}"#,
        r#"{"code":{"coding":[{"code":"Q13H"}]},"repeat":{"when":["MORN"]}}"#,
        r#"{"code":{"text":"sáng nếu đau"},"repeat":{"when":["MORN"]}}"#,
        r#"{"event":["2026-12-02"]}"#,
        r#"{"event":["2026-12-02T08:00:00+07:00"],"repeat":{"when":["MORN"]}}"#,
        r#"{"event":[]}"#,
    ] {
        assert_eq!(of(unclear), ["SeePrescription"], "{unclear}");
    }
}

#[test]
fn what_is_not_wholly_understood_is_left_to_the_prescription() {
    for repeat in [
        "",
        // How often, but not when.
        r#""frequency":5,"period":1,"periodUnit":"d""#,
        r#""frequency":2,"period":2,"periodUnit":"d","boundsPeriod":{"start":"2026-11-24"}"#,
        r#""frequency":3,"period":1,"periodUnit":"wk","boundsPeriod":{"start":"2026-11-24"}"#,
        r#""frequency":1,"period":2,"periodUnit":"d""#,
        r#""frequency":1,"period":1,"periodUnit":"wk""#,
        r#""frequency":1,"frequencyMax":2,"period":1,"periodUnit":"d""#,
        r#""frequency":2,"period":1,"periodUnit":"d","when":[]"#,
        r#""frequency":1,"period":8,"periodUnit":"h""#,
        r#""frequency":1,"period":8,"periodUnit":"h","boundsPeriod":{"start":"2026-11-24"}"#,
        r#""frequency":1,"period":30,"periodUnit":"min","boundsPeriod":{"start":"2026-11-24T08:00:00+07:00"}"#,
        r#""frequency":1,"period":1,"periodUnit":"mo","when":["MORN"]"#,
        // What contradicts itself.
        r#""frequency":3,"period":1,"periodUnit":"d","when":["MORN"]"#,
        r#""frequency":1,"period":1,"periodUnit":"d","when":["PC"]"#,
        r#""frequency":2,"period":1,"periodUnit":"wk","dayOfWeek":["mon"],"when":["MORN"]"#,
        r#""when":["MORN"],"timeOfDay":["08:00:00"]"#,
        r#""frequency":1,"when":["MORN"]"#,
        r#""period":1,"when":["MORN"]"#,
        r#""offset":30,"timeOfDay":["08:00:00"]"#,
        r#""when":["MORN"],"offset":30"#,
        // Ranges.
        r#""frequency":1,"frequencyMax":2,"period":1,"periodUnit":"d","when":["MORN"]"#,
        r#""period":1,"periodMax":2,"periodUnit":"d","frequency":1,"when":["MORN"]"#,
        r#""when":["MORN"],"count":3,"countMax":5"#,
        r#""when":["MORN"],"boundsRange":{"low":{"value":3},"high":{"value":5}}"#,
        // What nobody knows.
        r#""when":["PHS"]"#,
        r#""when":["MORN",7]"#,
        r#""when":["MORN"],"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/timing-dayOfMonth","valuePositiveInt":3}]"#,
        r#""when":["MORN"],"somethingNew":true"#,
        r#""when":["MORN"],"_count":{"extension":[]}"#,
        r#""timeOfDay":["8 giờ"]"#,
        r#""timeOfDay":["24:00:00"]"#,
        r#""timeOfDay":["08:00"]"#,
        r#""dayOfWeek":["mon","chủ nhật"],"when":["MORN"]"#,
        // Bounds that say nothing, or cannot be.
        r#""when":["MORN"],"boundsPeriod":{}"#,
        r#""when":["MORN"],"boundsPeriod":{"start":"hôm nay"}"#,
        r#""when":["MORN"],"boundsPeriod":{"start":"2026-11-24","end":"2026-11-20"}"#,
        r#""when":["MORN"],"boundsDuration":{"value":5}"#,
        r#""when":["MORN"],"boundsDuration":{"value":5.5,"code":"d"}"#,
        r#""when":["MORN"],"boundsDuration":{"value":5,"code":"d","comparator":"<"}"#,
        r#""when":["MORN"],"boundsPeriod":{"start":"2026-11-24"},"boundsDuration":{"value":5,"code":"d"}"#,
        r#""when":["MORN"],"count":0"#,
        r#""when":["MORN"],"count":-1"#,
        r#""when":["MORN"],"count":1000000"#,
        // Every other day, from which?
        r#""frequency":1,"period":2,"periodUnit":"d","when":["HS"]"#,
    ] {
        assert_eq!(of_repeat(repeat), DoseTimes::SeePrescription, "{repeat}");
    }
}

/// A dosage of these words, so often a day, and what follows from it.
fn of_words(words: &str, a_day: u32) -> DoseTimes {
    let dosage = format!(
        r#"{{"text":{words:?},"timing":{{"repeat":{{"frequency":{a_day},"period":1,"periodUnit":"d"}}}}}}"#
    );
    dose_times(&request(&dosage, ""), &DayTimes::default())
}

fn is_chosen(of: &DoseTimes) -> bool {
    matches!(of, DoseTimes::Known(courses) if courses.iter().all(Course::is_at_chosen_times))
}

#[test]
fn so_often_a_day_comes_at_the_persons_own_times_and_says_so() {
    for (timing, times) in [
        (
            r#"{"repeat":{"frequency":1,"period":1,"periodUnit":"d","count":2}}"#,
            "25/11 07:00, 26/11 07:00",
        ),
        (
            r#"{"repeat":{"frequency":2,"period":1,"periodUnit":"d","count":2}}"#,
            "24/11 18:00, 25/11 07:00",
        ),
        (
            r#"{"repeat":{"frequency":3,"period":1.0,"periodUnit":"d","count":3}}"#,
            "24/11 12:00, 24/11 18:00, 25/11 07:00",
        ),
        (
            r#"{"repeat":{"frequency":4,"period":1,"periodUnit":"d","count":4}}"#,
            "24/11 12:00, 24/11 18:00, 24/11 21:00, 25/11 07:00",
        ),
        (
            r#"{"code":{"coding":[{"code":"QD"}]},"repeat":{"count":1}}"#,
            "25/11 07:00",
        ),
        (
            r#"{"code":{"coding":[{"code":"BID"}]},"repeat":{"count":2}}"#,
            "24/11 18:00, 25/11 07:00",
        ),
        (
            r#"{"code":{"coding":[{"code":"TID"}],"text":"3 lần/ngày"},"repeat":{"frequency":3,"period":1,"periodUnit":"d","count":1}}"#,
            "24/11 12:00",
        ),
        (
            r#"{"code":{"coding":[{"code":"QID"}]},"repeat":{"count":3}}"#,
            "24/11 12:00, 24/11 18:00, 24/11 21:00",
        ),
        // On which days is told.
        (
            r#"{"repeat":{"frequency":1,"period":1,"periodUnit":"wk","dayOfWeek":["sun"],"count":2}}"#,
            "29/11 07:00, 06/12 07:00",
        ),
        (
            r#"{"repeat":{"frequency":1,"period":2,"periodUnit":"d","boundsPeriod":{"start":"2026-11-25","end":"2026-11-28"}}}"#,
            "25/11 07:00, 27/11 07:00",
        ),
        (
            r#"{"code":{"coding":[{"code":"WK"}]},"repeat":{"boundsPeriod":{"start":"2026-11-25","end":"2026-12-04"}}}"#,
            "25/11 07:00, 02/12 07:00",
        ),
    ] {
        let dosage = format!(r#"{{"timing":{timing}}}"#);
        let of = dose_times(&request(&dosage, ""), &DayTimes::default());
        assert_eq!(said(&of).join(", "), times, "{timing}");
        assert!(is_chosen(&of), "{timing}");
    }
    // What the prescription says is not chosen, also when the person's evening is asked for it.
    assert!(!is_chosen(&of_repeat(r#""when":["EVE"]"#)));
    let bid = r#"{"code":{"coding":[{"code":"BID"}]}}"#;
    for other_than_daily in ["QOD", "WK", "Q6H", "Q4H"] {
        let dosage = format!(r#"{{"timing":{}}}"#, bid.replace("BID", other_than_daily));
        let of = dose_times(&request(&dosage, ""), &DayTimes::default());
        assert_eq!(of, DoseTimes::SeePrescription, "{other_than_daily}");
    }
}

#[test]
fn the_words_of_a_prescription_are_not_contradicted() {
    for (words, a_day, times) in [
        (
            "Ngày uống 2 lần, mỗi lần 1 viên, sau ăn",
            2,
            "24/11 18:00, 25/11 07:00",
        ),
        (
            "Uống sáng 1 viên, tối 1 viên. Tránh ánh sáng",
            2,
            "SeePrescription",
        ),
        (
            "Sáng 1 viên, tối 1 viên, để xa ánh sáng",
            2,
            "24/11 18:00, 25/11 07:00",
        ),
        ("Trưa 1 viên, tối 1 viên", 2, "24/11 12:00, 24/11 18:00"),
        ("Uống 1 viên buổi tối", 1, "24/11 18:00, 25/11 18:00"),
        ("1 viên trước khi đi ngủ", 1, "24/11 21:00, 25/11 21:00"),
        ("Chiều 1 viên, tối 1 viên", 2, "24/11 18:00, 24/11 21:00"),
        ("sáng, trưa, chiều, tối", 4, "24/11 12:00, 24/11 18:00"),
        ("Đặt âm đạo 1 viên mỗi tối", 1, "24/11 18:00, 25/11 18:00"),
        ("1 tablet in the morning", 1, "25/11 07:00, 26/11 07:00"),
        // Other parts than so many, other counts, the clock, what turns it round.
        ("Uống 1 viên buổi tối", 2, "SeePrescription"),
        ("sáng, trưa, tối", 2, "SeePrescription"),
        ("Ngày 3 lần", 2, "SeePrescription"),
        ("2 lần/tuần", 2, "SeePrescription"),
        ("Tuần uống 2 lần mỗi tuần", 2, "SeePrescription"),
        ("Uống lúc 8 giờ và 20 giờ", 2, "SeePrescription"),
        ("8h và 20h", 2, "SeePrescription"),
        ("at 8 am and 8 pm", 2, "SeePrescription"),
        ("Cách nhau 12 tiếng", 2, "SeePrescription"),
        ("Không uống buổi sáng", 1, "SeePrescription"),
        ("Tối đa 1 viên", 1, "SeePrescription"),
        ("Sáng hoặc tối 1 viên", 2, "SeePrescription"),
        ("2 viên cách ngày", 2, "SeePrescription"),
        ("1 viên khi đau", 1, "SeePrescription"),
    ] {
        let of = of_words(words, a_day);
        let two: Vec<_> = said(&of).into_iter().take(2).collect();
        assert_eq!(two.join(", "), times, "{words}");
    }
    // Two that leave their times open are hardly for the same.
    let twice = r#"{"timing":{"code":{"coding":[{"code":"QD"}]}}}"#;
    let of = dose_times(
        &request(&format!("{twice},{twice}"), ""),
        &DayTimes::default(),
    );
    assert_eq!(of, DoseTimes::SeePrescription);
}

#[test]
fn a_persons_day_moves_what_a_prescription_calls_by_name() {
    let early = DayTimes::new([4 * 60 + 30, 11 * 60, 17 * 60, 20 * 60]).unwrap();
    let of = |repeat: &str| {
        let dosage = format!(r#"{{"timing":{{"repeat":{{{repeat}}}}}}}"#);
        said(&dose_times(&request(&dosage, ""), &early))[..2].join(", ")
    };
    assert_eq!(
        of(r#""frequency":2,"period":1,"periodUnit":"d""#),
        "24/11 17:00, 25/11 04:30"
    );
    assert_eq!(of(r#""when":["EVE"]"#), "24/11 17:00, 25/11 17:00");
    assert_eq!(of(r#""when":["ACM"]"#), "25/11 04:00, 26/11 04:00");
    assert_eq!(of(r#""when":["WAKE","HS"]"#), "24/11 20:30, 25/11 03:30");
    assert_eq!(
        of(r#""timeOfDay":["08:00:00"]"#),
        "25/11 08:00, 26/11 08:00"
    );
    for none in [
        [0, 720, 1080, 1260],
        [179, 720, 1080, 1260],
        [420, 720, 1080, 1381],
        [420, 539, 1080, 1260],
        [420, 720, 1200, 1260],
        [1260, 1080, 720, 420],
        [420, 420, 420, 420],
        [420, 720, 1080, u16::MAX],
    ] {
        assert_eq!(DayTimes::new(none), None, "{none:?}");
    }
    for ends in [[180, 300, 420, 540], [1020, 1140, 1260, 1380]] {
        assert_eq!(DayTimes::new(ends).unwrap().parts(), ends);
    }
}

const MORNINGS: &str = r#"{"timing":{"repeat":{"when":["MORN"]}}}"#;

#[test]
fn what_is_not_in_force_or_not_to_be_taken_by_the_clock_never_reminds() {
    let day = DayTimes::default();
    let good = request(MORNINGS, "");
    assert!(matches!(dose_times(&good, &day), DoseTimes::Known(_)));
    for status in [
        "on-hold",
        "cancelled",
        "completed",
        "entered-in-error",
        "stopped",
        "draft",
        "unknown",
    ] {
        let other = good.replace("\"active\"", &format!("\"{status}\""));
        assert_eq!(dose_times(&other, &day), DoseTimes::Nothing, "{status}");
    }
    for intent in ["plan", "proposal", "option", "reflex-order"] {
        let other = good.replace("\"order\"", &format!("\"{intent}\""));
        assert_eq!(dose_times(&other, &day), DoseTimes::Nothing, "{intent}");
    }
    for (more, expected) in [
        (r#","doNotPerform":true"#, DoseTimes::Nothing),
        (
            r#","category":[{"coding":[{"code":"inpatient"}]}]"#,
            DoseTimes::Nothing,
        ),
        (
            r#","modifierExtension":[{"url":"x"}]"#,
            DoseTimes::SeePrescription,
        ),
        (
            r#","dispenseRequest":{"expectedSupplyDuration":{"value":"x"}}"#,
            DoseTimes::SeePrescription,
        ),
    ] {
        assert_eq!(
            dose_times(&request(MORNINGS, more), &day),
            expected,
            "{more}"
        );
    }
    for (dosage, expected) in [
        (
            r#"{"asNeededBoolean":true,"timing":{"repeat":{"when":["MORN"]}}}"#,
            DoseTimes::AsNeeded,
        ),
        (
            r#"{"asNeededCodeableConcept":{"text":"đau"},"timing":{"repeat":{"when":["MORN"]}}}"#,
            DoseTimes::AsNeeded,
        ),
        (
            r#"{"text":"Sáng 1 viên nếu huyết áp trên 140","timing":{"repeat":{"when":["MORN"]}}}"#,
            DoseTimes::SeePrescription,
        ),
        (
            r#"{"text":"1 viên khi sốt","timing":{"repeat":{"when":["MORN"]}}}"#,
            DoseTimes::SeePrescription,
        ),
        (
            r#"{"additionalInstruction":[{"text":"as needed"}],"timing":{"repeat":{"when":["MORN"]}}}"#,
            DoseTimes::SeePrescription,
        ),
        (
            r#"{"modifierExtension":[],"timing":{"repeat":{"when":["MORN"]}}}"#,
            DoseTimes::SeePrescription,
        ),
        (r#"{"text":"Sáng 1 viên"}"#, DoseTimes::SeePrescription),
        (
            r#"{"timing":{"repeat":{"when":["MORN"]}}},{"text":"Tối 1 viên"}"#,
            DoseTimes::SeePrescription,
        ),
        // One after the other, but from when?
        (
            r#"{"sequence":1,"timing":{"repeat":{"when":["MORN"]}}},{"sequence":2,"timing":{"repeat":{"when":["EVE"]}}}"#,
            DoseTimes::SeePrescription,
        ),
        ("", DoseTimes::SeePrescription),
    ] {
        assert_eq!(dose_times(&request(dosage, ""), &day), expected, "{dosage}");
    }
    for no_more in [
        "{}",
        "[]",
        "x",
        r#"{"resourceType":"MedicationStatement","status":"active"}"#,
    ] {
        assert_eq!(dose_times(no_more, &day), DoseTimes::Nothing, "{no_more}");
    }
    // Words that only say at what time are no condition.
    let before_bed =
        r#"{"text":"Uống 1 viên trước khi ngủ","timing":{"repeat":{"when":["HS"],"count":1}}}"#;
    let of = dose_times(&request(before_bed, ""), &day);
    assert_eq!(said(&of), ["24/11 21:30"]);
    // One after the other, each with its days.
    let of = dose_times(
        &request(
            r#"{"sequence":1,"timing":{"repeat":{"when":["MORN"],"boundsPeriod":{"start":"2026-11-25","end":"2026-11-25"}}}},
               {"sequence":2,"timing":{"repeat":{"when":["EVE"],"boundsPeriod":{"start":"2026-11-26","end":"2026-11-26"}}}}"#,
            "",
        ),
        &day,
    );
    assert_eq!(said(&of), ["25/11 07:00", "26/11 18:00"]);
}

#[test]
fn a_prescription_that_names_no_end_is_not_believed_for_ever() {
    let day = DayTimes::default();
    let end = |json: &str| {
        let DoseTimes::Known(courses) = dose_times(json, &day) else {
            panic!("{json}");
        };
        courses[0].end().to_fhir()
    };
    assert_eq!(end(&request(MORNINGS, "")), "2027-02-22T10:00:00+07:00");
    let supply =
        r#","dispenseRequest":{"expectedSupplyDuration":{"value":30,"unit":"ngày","code":"d"}}"#;
    assert_eq!(end(&request(MORNINGS, supply)), "2026-12-24T10:00:00+07:00");
    // When nobody knows since when it is, nobody knows until when.
    let undated = request(MORNINGS, "").replace(&format!(r#""authoredOn":"{AUTHORED}","#), "");
    assert_eq!(dose_times(&undated, &day), DoseTimes::SeePrescription);
    // A day alone says neither which dose is the first one nor when five days are over.
    for repeat in [r#""count":5"#, r#""boundsDuration":{"value":5,"code":"d"}"#] {
        let dosage = format!(r#"{{"timing":{{"repeat":{{"when":["MORN"],{repeat}}}}}}}"#);
        let on_a_day = request(&dosage, "").replace(AUTHORED, "2026-11-24");
        assert_eq!(
            dose_times(&on_a_day, &day),
            DoseTimes::SeePrescription,
            "{repeat}"
        );
    }
}

prop_compose! {
    fn courses()(
        when in prop::sample::subsequence(vec!["MORN", "NOON", "AFT", "EVE", "NIGHT", "HS", "ACM", "CV"], 1..5),
        start in 1_u32..29, length in 1_u32..60, starts_at in prop::option::of(0_u32..24),
        period in 1_u32..5, days in prop::sample::subsequence(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 0..7),
        count in prop::option::of(1_usize..60), hourly in any::<bool>(),
    ) -> (Course, Option<usize>) {
        let begin = match starts_at {
            Some(hour) => format!("2026-11-{start:02}T{hour:02}:00:00+07:00"),
            None => format!("2026-11-{start:02}"),
        };
        let end = Timestamp::parse_fhir(&begin).unwrap()
            .plus(std::time::Duration::from_secs(u64::from(length) * 86_400 - 1)).to_fhir();
        let count_text = count.map_or(String::new(), |count| format!(r#","count":{count}"#));
        let rule = if hourly && starts_at.is_some() {
            format!(r#""period":{},"periodUnit":"h""#, period * 2)
        } else {
            let when = when.iter().map(|code| format!("{code:?}")).collect::<Vec<_>>().join(",");
            let days_text = days.iter().map(|day| format!("{day:?}")).collect::<Vec<_>>().join(",");
            match days.is_empty() {
                true => format!(r#""when":[{when}],"frequency":{},"period":{period},"periodUnit":"d""#, when.split(',').count()),
                false => format!(r#""when":[{when}],"dayOfWeek":[{days_text}]"#),
            }
        };
        let of = of_repeat(&format!(r#"{rule},"boundsPeriod":{{"start":"{begin}","end":"{end}"}}{count_text}"#));
        let DoseTimes::Known(mut courses) = of else { panic!("{rule} {of:?}") };
        (courses.remove(0), count)
    }
}

proptest! {
    #[test]
    fn no_dose_is_outside_its_course_and_windows_do_not_matter(
        (course, count) in courses(), cut in 0_i64..70, to in 0_i64..70, most in 1_usize..40,
    ) {
        let day = |n: i64| Timestamp::from_millis(instant("2026-11-01T00:00").as_millis() + n * 86_400_000 + 7_777);
        let (from, to) = (day(-1), day(cut + to));
        let all = course.between(from, to, usize::MAX);
        for at in &all {
            prop_assert!(*at >= course.start() && *at < course.end() && *at >= from && *at < to);
        }
        prop_assert!(all.windows(2).all(|two| two[0] < two[1]));
        prop_assert!(count.is_none_or(|count| all.len() <= count));
        // In two windows as in one, and the same every time.
        let parts = [course.between(from, day(cut), usize::MAX), course.between(day(cut), to, usize::MAX)];
        prop_assert_eq!(&parts.concat(), &all);
        prop_assert_eq!(course.between(from, to, most), all.into_iter().take(most).collect::<Vec<_>>());
        // The count is right when the course is long enough for it.
        let whole = course.between(course.start(), course.end(), usize::MAX);
        let without = Course { count: None, ..course.clone() }.between(course.start(), course.end(), usize::MAX);
        prop_assert_eq!(whole.len(), without.len().min(count.unwrap_or(usize::MAX)));
        prop_assert_eq!(&whole[..], &without[..whole.len()]);
    }

    #[test]
    fn nothing_that_comes_is_a_fault(text in r#"[{}\[\]":,a-z0-9]{0,80}"#) {
        let _ = dose_times(&text, &DayTimes::default());
        let _ = of_repeat(&text);
    }
}
