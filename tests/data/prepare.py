#!/usr/bin/env python3
"""Makes the files of tests/data from their public sources, the same bytes each time.

    python3 tests/data/prepare.py            all of it (needs npm, mvn and java 17; about 3 minutes)
    python3 tests/data/prepare.py hl7        only HL7's examples
    python3 tests/data/prepare.py synthea    only the Synthea patient
    python3 tests/data/prepare.py hostile    only the bad input
    python3 tests/data/prepare.py --check    make them elsewhere and compare with MANIFEST.tsv

Only the standard library is used. What each file is stands in README.md beside this script.

Resources are never parsed and written again: white space between tokens is taken out of the
text as it came, so numbers ("4.50"), escapes and the order of keys stay what their author wrote.
The only resource that is written anew is the Patient, whose demographics are replaced.
"""

import argparse
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

HL7_PACKAGE = "hl7.fhir.r4.examples@4.0.1"
HL7_SHA256 = "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682"
SYNTHEA_VERSION = "3.3.0"
SYNTHEA_SEED = "19540507"
SYNTHEA_PERSON_SEED = "-2283282772768517351"  # the 12th woman that the seed above makes
SYNTHEA_REFERENCE_DATE = "20261101"
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"

# The demo patient. Everything about her is made up.
PATIENT_ID = "e69b603f-fcd7-05c1-c339-07135ecb9ac9"
PATIENT_BORN = "1955-05-02"
PATIENT_CCCD = "011155000123"  # 011 Điện Biên, 1 woman born 1900-1999, 55, serial
PATIENT_BHYT = "DT2111120000123"

# What a phone can meet. The rest of the package (profiles, value sets, research, drug
# registries ...) never reaches one.
CORPUS_TYPES = frozenset(
    """Account AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
    BodyStructure Bundle CarePlan CareTeam ChargeItem Claim ClaimResponse ClinicalImpression
    Communication CommunicationRequest Composition Condition Consent Contract Coverage
    CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceMetric
    DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference
    Encounter Endpoint EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal Group
    GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation
    ImmunizationRecommendation Invoice List Location Media Medication MedicationAdministration
    MedicationDispense MedicationRequest MedicationStatement MolecularSequence NutritionOrder
    Observation OperationOutcome Organization OrganizationAffiliation Patient PaymentNotice
    PaymentReconciliation Person Practitioner PractitionerRole Procedure Provenance Questionnaire
    QuestionnaireResponse RelatedPerson RequestGroup RiskAssessment Schedule ServiceRequest Slot
    Specimen Subscription Substance SupplyDelivery SupplyRequest Task VisionPrescription""".split()
)
# Bundles in the package include the whole of FHIR's definitions (50 MB each).
CORPUS_MAX_BYTES = 1_000_000

# Whose examples become the demo patient's second book.
BOOK_SUBJECTS = frozenset(
    "Patient/" + name for name in ("example", "f001", "f201", "pat1", "dicom", "xcda")
)
# Clinical facts only: no Consent and no RelatedPerson (a server that honours them would open
# the book to strangers), no Invoice, Claim, Task or AuditEvent (our own clinic makes those).
BOOK_TYPES = frozenset(
    """AllergyIntolerance CarePlan CareTeam ClinicalImpression Composition Condition
    DiagnosticReport DocumentReference Encounter EpisodeOfCare FamilyMemberHistory Flag Goal
    ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation Media
    MedicationAdministration MedicationDispense MedicationRequest MedicationStatement
    NutritionOrder Observation Procedure QuestionnaireResponse RiskAssessment ServiceRequest
    Specimen VisionPrescription""".split()
)
# Taken along when something in the book refers to them. None of them is about a person's health.
BOOK_SUPPORT = frozenset(
    """Device Endpoint HealthcareService Location Medication Organization Practitioner
    PractitionerRole Substance""".split()
)

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[ \t\r\n]+')
REFERENCE = re.compile(r'"reference":"((?:[^"\\]|\\.)*)"')


def compact(text: str) -> str:
    """Takes out white space between tokens and nothing else."""
    return TOKEN.sub(lambda m: m[0] if m[0][0] == '"' else "", text)


def as_written(text: str):
    """Parses JSON and keeps every number as its text, to compare two documents exactly."""
    return json.loads(text, parse_float=lambda n: "#" + n, parse_int=lambda n: "#" + n)


def compact_checked(text: str) -> str:
    small = compact(text)
    if as_written(small) != as_written(text):
        raise SystemExit("compacting changed a resource")
    return small


def key(line: str) -> str:
    resource = json.loads(line)
    return f"{resource['resourceType']}/{resource.get('id', '')}"


def write_ndjson_gz(path: Path, lines: list[str]) -> None:
    body = "".join(line + "\n" for line in lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as out:
            out.write(body)
    print(f"{path.name}: {len(lines)} resources, {len(body)} bytes, {path.stat().st_size} packed")


def run(*command: str, cwd: Path | None = None) -> None:
    print("+", " ".join(command))
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


# HL7's examples --------------------------------------------------------------------------------


def hl7_examples(work: Path) -> list[str]:
    work.mkdir(parents=True, exist_ok=True)
    name, version = HL7_PACKAGE.split("@")
    tgz = work / f"{name}-{version}.tgz"
    if not tgz.exists():
        # "npm install" fails on a dependency of the package; "npm pack" only fetches it.
        run("npm", "pack", HL7_PACKAGE, "--silent", "--pack-destination", str(work))
    digest = hashlib.sha256(tgz.read_bytes()).hexdigest()
    if digest != HL7_SHA256:
        raise SystemExit(f"{tgz.name} has sha256 {digest}, expected {HL7_SHA256}")
    found = {}
    with tarfile.open(tgz) as tar:
        for member in tar:
            file = Path(member.name).name
            kind = file.split("-")[0]
            if not member.isfile() or kind not in CORPUS_TYPES or member.size > CORPUS_MAX_BYTES:
                continue
            found[file] = compact_checked(tar.extractfile(member).read().decode("utf-8-sig"))
    return [found[file] for file in sorted(found)]


def is_definitions(line: str) -> bool:
    """True for a Bundle that carries FHIR's own definitions instead of anybody's data."""
    resource = json.loads(line)
    definitions = {"SearchParameter", "StructureDefinition", "ValueSet", "CodeSystem",
                   "ConceptMap", "OperationDefinition", "CapabilityStatement"}
    return resource["resourceType"] == "Bundle" and any(
        entry.get("resource", {}).get("resourceType") in definitions
        for entry in resource.get("entry", [])
    )


def subject_of(resource: dict) -> str:
    for field in ("subject", "patient"):
        value = resource.get(field)
        if isinstance(value, dict) and "reference" in value:
            return value["reference"]
    return ""


def make_hl7(work: Path, out: Path) -> None:
    corpus = [line for line in hl7_examples(work) if not is_definitions(line)]
    write_ndjson_gz(out / "hl7-r4-examples.ndjson.gz", corpus)

    by_key = {key(line): line for line in corpus}
    book = []
    for line in corpus:
        resource = json.loads(line)
        if resource["resourceType"] in BOOK_TYPES and subject_of(resource) in BOOK_SUBJECTS:
            book.append(line)
    support: dict[str, str] = {}
    queue = list(book)
    while queue:
        for target in REFERENCE.findall(queue.pop()):
            if target.split("/")[0] in BOOK_SUPPORT and target in by_key and target not in support:
                support[target] = by_key[target]
                queue.append(by_key[target])

    def ours(match: re.Match) -> str:
        if match[1] in BOOK_SUBJECTS:
            return f'"reference":"Patient/{PATIENT_ID}"'
        return match[0]

    lines = [support[name] for name in sorted(support)] + book
    write_ndjson_gz(out / "hl7-book.ndjson.gz", [REFERENCE.sub(ours, line) for line in lines])


# Synthea ---------------------------------------------------------------------------------------

SYNTHEA_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>vn.sokhoe</groupId><artifactId>test-data</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.mitre.synthea</groupId><artifactId>synthea</artifactId>
    <version>{SYNTHEA_VERSION}</version>
  </dependency></dependencies>
</project>
"""


def synthea_bundles(work: Path) -> Path:
    fhir = work / "out" / "fhir"
    if fhir.exists():
        return fhir
    work.mkdir(parents=True, exist_ok=True)
    (work / "pom.xml").write_text(SYNTHEA_POM)
    jars = work / "jars"
    if not jars.exists():
        run("mvn", "-q", "-B", f"{DEPENDENCY_PLUGIN}:copy-dependencies",
            f"-DoutputDirectory={jars}", cwd=work)
    run("java", "-Xmx2g", "-Duser.timezone=UTC", "-Duser.language=en", "-Duser.country=US",
        "-Dfile.encoding=UTF-8", "-cp", f"{jars}/*", "App",
        "-s", SYNTHEA_SEED, "-cs", SYNTHEA_SEED, "-ps", SYNTHEA_PERSON_SEED,
        "-r", SYNTHEA_REFERENCE_DATE, "-e", SYNTHEA_REFERENCE_DATE,
        "-p", "1", "-g", "F", "-a", "64-76",
        "--exporter.years_of_history=0", "--exporter.baseDirectory=" + str(work / "out"),
        "--exporter.fhir.export=true", "--exporter.fhir.transaction_bundle=true",
        "--exporter.hospital.fhir.export=true", "--exporter.practitioner.fhir.export=true",
        "--generate.only_alive_patients=true", "--generate.thread_pool_size=1",
        "Massachusetts", cwd=work)
    return fhir


def bundle_resources(text: str) -> list[str]:
    """The compact text of each entry's resource, cut out of the compact text of the Bundle."""
    small = compact_checked(text)
    lines = []
    for entry in array_items(small, small.index('"entry":[') + len('"entry":')):
        start = entry.index('"resource":') + len('"resource":')
        lines.append(entry[start : value_end(entry, start)])
    if [as_written(line) for line in lines] != [
        entry["resource"] for entry in as_written(text)["entry"]
    ]:
        raise SystemExit("cutting a Bundle apart changed a resource")
    return lines


BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def value_end(text: str, start: int) -> int:
    """Where the object or array that starts at `start` ends."""
    depth = 0
    for match in BRACKET.finditer(text, start):
        if match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
            if depth == 0:
                return match.end()
    raise SystemExit("unbalanced JSON")


def array_items(text: str, start: int) -> list[str]:
    items, at = [], start + 1
    while text[at] != "]":
        end = value_end(text, at)
        items.append(text[at:end])
        at = end + (text[end] == ",")
    return items


def demo_patient(line: str) -> str:
    """The Synthea patient with the demographics of a (made-up) woman of Điện Biên."""
    old = json.loads(line)
    if old["birthDate"] != PATIENT_BORN or old["gender"] != "female":
        raise SystemExit("this is another patient than the one these data were made for")
    new = {
        "resourceType": "Patient",
        "id": PATIENT_ID,
        "identifier": [
            {
                "use": "official",
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                                     "code": "NI"}], "text": "Căn cước công dân"},
                "system": "http://fhir.hl7.org.vn/core/sid/cccd",
                "value": PATIENT_CCCD,
            },
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                                     "code": "SN"}], "text": "Bảo hiểm y tế"},
                "system": "http://fhir.hl7.org.vn/core/sid/bhyt",
                "value": PATIENT_BHYT,
            },
            {"system": "https://github.com/synthetichealth/synthea", "value": PATIENT_ID},
        ],
        "active": True,
        "name": [{"use": "official", "text": "Lò Thị Hương", "family": "Lò",
                  "given": ["Thị", "Hương"]}],
        "gender": old["gender"],
        "birthDate": old["birthDate"],
        "address": [{"use": "home", "text": "Xã Thanh Nưa, Điện Biên", "city": "Xã Thanh Nưa",
                     "state": "Điện Biên", "country": "VN"}],
        "communication": [
            {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "vi"}],
                          "text": "Tiếng Việt"}, "preferred": True}
        ],
    }
    return json.dumps(new, ensure_ascii=False, separators=(",", ":"))


def make_synthea(work: Path, out: Path) -> None:
    fhir = synthea_bundles(work)
    hers = [p for p in fhir.glob("*.json") if PATIENT_ID in p.name]
    if len(hers) != 1:
        raise SystemExit(f"Synthea did not make patient {PATIENT_ID}")
    record = bundle_resources(hers[0].read_text("utf-8"))
    shared = [
        line
        for pattern in ("hospitalInformation*.json", "practitionerInformation*.json")
        for file in sorted(fhir.glob(pattern))
        for line in bundle_resources(file.read_text("utf-8"))
    ]

    by_uuid = {json.loads(line)["id"]: key(line) for line in record + shared}
    by_identifier: dict[tuple[str, str], str] = {}
    for line in shared:
        resource = json.loads(line)
        for identifier in resource.get("identifier", []):
            query = f"{identifier['system']}|{identifier['value']}"
            by_identifier[resource["resourceType"], query] = key(line)

    dangling: Counter = Counter()

    def resolved(match: re.Match) -> str:
        target = match[1]
        if target.startswith("urn:uuid:"):
            found = by_uuid.get(target[len("urn:uuid:") :])
        elif "?identifier=" in target:
            kind, query = target.split("?identifier=")
            found = by_identifier.get((kind, query))
        else:
            return match[0]
        if found is None:
            dangling[target] += 1
            return match[0]
        return f'"reference":"{found}"'

    record = [REFERENCE.sub(resolved, line) for line in record]
    shared = {key(line): REFERENCE.sub(resolved, line) for line in shared}
    if dangling:
        raise SystemExit(f"references without a target: {dangling}")

    needed: set[str] = set()
    queue = list(record)
    while queue:
        for target in REFERENCE.findall(queue.pop()):
            if target in shared and target not in needed:
                needed.add(target)
                queue.append(shared[target])

    first = [line for name, line in shared.items() if name in needed]
    record = [demo_patient(line) if line.startswith('{"resourceType":"Patient"') else line
              for line in record]
    write_ndjson_gz(out / "synthea-patient.ndjson.gz", first + record)


# Bad input -------------------------------------------------------------------------------------

GOOD = '{"resourceType":"Patient","id":"good-%d","name":[{"text":"Nguyễn Văn Mẫu"}]}'


def make_hostile(_work: Path, out: Path) -> None:
    folder = out / "hostile"
    folder.mkdir(parents=True, exist_ok=True)
    depth = 10_000
    patient = GOOD % 1
    obs = ('{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"system":'
           '"http://loinc.org","code":"2339-0"}]},"subject":{"reference":"Patient/good-1"},%s}')
    quantity = '"valueQuantity":{"value":%s,"unit":"mmol/L"}'
    entry = '{"fullUrl":"urn:uuid:0d4c8a44-0000-4000-8000-00000000000%d","resource":%s}'
    files: dict[str, bytes] = {
        "truncated.json": patient.encode()[:-20],
        "not-json.html": "<!doctype html>\n<html lang=\"vi\"><head><title>502 Bad Gateway</title>"
                         "</head><body><h1>Máy chủ đang bảo trì</h1></body></html>\n".encode(),
        "patient.xml": b'<?xml version="1.0"?>\n<Patient xmlns="http://hl7.org/fhir">'
                       b'<id value="good-1"/></Patient>\n',
        "nested-10000.json": (
            '{"resourceType":"Patient","id":"nested",' + '"extension":[{"url":"x",' * depth
            + '"valueBoolean":true' + "}]" * depth + "}"
        ).encode(),
        "nested-arrays-10000.json": b"[" * depth + b"]" * depth,
        "wrong-types.ndjson": "\n".join([
            '{"resourceType":"Patient","id":"w1","name":"Nguyễn Văn Mẫu","birthDate":1952}',
            '{"resourceType":"Patient","id":"w2","active":"true","name":[null,3,{"text":[]}]}',
            '{"resourceType":"Patient","id":77}',
            '{"resourceType":["Patient"],"id":"w4"}',
            '{"resourceType":"Observation","id":"w5","status":{},"code":[],'
            '"valueQuantity":[{"value":"5.6"}]}',
            '{"resourceType":"Observation","id":"w6","status":"final","code":{"coding":{}},'
            '"component":{"code":true},"effectiveDateTime":20261124}',
            '[{"resourceType":"Patient","id":"w7"}]',
            '"Patient"', "null", "42",
        ]).encode() + b"\n",
        "huge-number.ndjson": "\n".join(
            obs % (f"n{i}", quantity % number)
            for i, number in enumerate(
                ["1e999999", "-1e999999", "1e-999999", "9" * 400, "0." + "3" * 400, "-0.0",
                 "4.50", "18446744073709551616"], 1)
        ).encode() + b"\n",
        "bad-number.json": (obs % ("n9", quantity % "NaN")).encode(),
        "invalid-utf8.json": patient.encode().replace("ẫ".encode(), b"\xe1\xba"),
        "utf-16.json": patient.encode("utf-16"),
        "lone-surrogate.json": patient.replace("Mẫu", "\\ud800").encode(),
        "control-character.json": patient.replace(" Mẫu", "\n\x00Mẫu").encode(),
        "duplicate-keys.json": b'{"resourceType":"Patient","id":"first","id":"second",'
                               b'"resourceType":"Observation","birthDate":"1952-01-01",'
                               b'"birthDate":"2002-01-01"}',
        "bom.json": b"\xef\xbb\xbf" + patient.encode(),
        "empty.json": b"",
        "white-space.json": b" \r\n\t\n",
        "trailing.json": patient.encode() + b'}{"x":1',
        "no-type.json": b'{"id":"x","name":[{"text":"Ai"}]}',
        "unknown-type.json": b'{"resourceType":"Starship","id":"x"}',
        "bad-id.ndjson": "\n".join(
            json.dumps({"resourceType": "Patient", "id": bad}, ensure_ascii=False)
            for bad in ["../../etc/passwd", "a/b", "", "a b", "x" * 65, "Hương", "%2e%2e", "a\u0000b",
                        "'; DROP TABLE entry; --"]
        ).encode() + b"\n",
        "bad-dates.ndjson": "\n".join(
            obs % (f"d{i}", f'"effectiveDateTime":"{date}"')
            for i, date in enumerate(
                ["2026-13-01", "2025-02-29", "2026-11-24T25:00:00+07:00", "24/11/2026", "",
                 "2026-11-24T08:30:00", "0000-01-01", "99999-01-01", "2026-11-24T23:59:60Z"], 1)
        ).encode() + b"\n",
        "bundle-one-bad.json": (
            '{"resourceType":"Bundle","id":"mixed","type":"collection","entry":['
            + ",".join([entry % (1, GOOD % 1),
                        entry % (2, '{"resourceType":"Patient","id":"bad entry"}'),
                        '{"fullUrl":"urn:uuid:0d4c8a44-0000-4000-8000-000000000003"}',
                        entry % (4, '"a word"'),
                        entry % (5, obs % ("good-2", quantity % "5.6"))])
            + "]}"
        ).encode(),
        "bad-line-3.ndjson": "\n".join(
            [GOOD % 1, GOOD % 2, (GOOD % 3)[:-9], GOOD % 4, GOOD % 5]
        ).encode() + b"\n",
        "odd-lines.ndjson": ("\ufeff" + GOOD % 1 + "\r\n\r\n" + "   \n" + GOOD % 2 + "\r\n"
                             + GOOD % 3).encode(),
        "cycle.json": b'{"resourceType":"Bundle","id":"cycle","type":"collection","entry":['
                      b'{"resource":{"resourceType":"Organization","id":"a","partOf":'
                      b'{"reference":"Organization/b"}}},{"resource":{"resourceType":'
                      b'"Organization","id":"b","partOf":{"reference":"Organization/a"}}}]}',
    }
    for name, body in files.items():
        (folder / name).write_bytes(body)
    print(f"hostile: {len(files)} files, {sum(map(len, files.values()))} bytes")


# All together ----------------------------------------------------------------------------------

PARTS = {"hl7": make_hl7, "synthea": make_synthea, "hostile": make_hostile}


def manifest(folder: Path) -> str:
    """One line a file; the sum is of the content, because packing differs between zlibs."""
    rows = ["file\tresources\tbytes\tsha256 of the unpacked content"]
    for path in sorted(folder.glob("*.gz")):
        body = gzip.decompress(path.read_bytes())
        rows.append(f"{path.name}\t{body.count(10)}\t{len(body)}\t{hashlib.sha256(body).hexdigest()}")
    for path in sorted((folder / "hostile").iterdir()):
        body = path.read_bytes()
        rows.append(f"hostile/{path.name}\t\t{len(body)}\t{hashlib.sha256(body).hexdigest()}")
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="hl7|synthea|hostile")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "test-data",
                        help="folder for downloads (default: target/test-data)")
    parser.add_argument("--check", action="store_true", help="compare, change nothing here")
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    work = args.work.resolve()
    out = work / "check" if args.check else HERE
    if args.check:
        shutil.rmtree(out, ignore_errors=True)
    for name in args.parts or PARTS:
        PARTS[name](work / name, out)
    if args.check:
        made = dict(row.split("\t", 1) for row in manifest(out).splitlines())
        kept = dict(row.split("\t", 1)
                    for row in (HERE / "MANIFEST.tsv").read_text().splitlines())
        wrong = [name for name, row in made.items() if kept.get(name) != row]
        if wrong:
            sys.exit(f"differs: {', '.join(wrong)}")
        print(f"the same: {len(made) - 1} files")
    else:
        (HERE / "MANIFEST.tsv").write_text(manifest(HERE))


if __name__ == "__main__":
    main()
