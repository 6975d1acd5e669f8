# English of the command line. Errors of the book on the phone have their own words in core/app/words.

## Failures of any command
failure-file = { $path }: { $error }
failure-fault = The program has a fault. What was saved is kept.
folder-not-empty = The folder { $path } is not empty. Choose another or a new one.
system-not-found = there is no such file or folder
system-permission = not permitted
system-address-in-use = another program uses this address
system-address-not-here = this computer does not have that address
system-full = no space left on the disk
system-not-a-folder = this is not a folder
system-a-folder = this is a folder, not a file

## The clinic
clinic-keys-where = With PostgreSQL, say with --data DIR where the clinic's keys lie.
clinic-data-twice = Give either --data or a sqlite: database, not both.
clinic-error-database-url = The database URL must begin with sqlite: or postgres: (for example sqlite:/var/lib/sokhoe/clinic.db).
clinic-error-patient = There is no patient with this id.
clinic-error-enrolment = An enrolment is for 1 to 20 patients.
clinic-error-grant = A grant needs what it allows, the names of both, and an end within a year.
clinic-error-giver-guardian = For a child under 16 a guardian decides: say who with --guardian.
clinic-error-giver-child = A child of 7 to 15 must agree, too. When the child was asked and said yes, add --child-agrees.
clinic-error-giver-themselves = From 16 on the person decides, not a guardian.
clinic-error-giver-ends = It has to end before the birthday on { $day }: from then on the law asks somebody else. Give fewer --days.
clinic-error-invoice = The amounts of the invoice cannot be.
clinic-error-key-file = { $path } is not a key of this clinic. Put back the key file it was.
clinic-error-serve = Cannot serve: { $error }.
clinic-error-other = The clinic says: { $error }
clinic-not-there = There is no clinic's data at { $path }. Check --data.
clinic-cannot-listen = Cannot listen on { $address }: { $error }. Choose another address with --listen.
clinic-not-loopback = Note: phones use http only with this very computer. Others need https: put a TLS proxy in front and give --base-url.
clinic-address = Address
clinic-desk = Desk
clinic-enrolment = Enrolment
clinic-enrolment-until = The code works once, until { $until }.
clinic-grant-words = I, { $person }, agree that { $helper } may, for { $patient }: { $may }. Until { $until }. I can take this back at any time.
clinic-grant-book = book, move and cancel appointments
clinic-grant-see-summary = see allergies, current medicines and next appointments
clinic-grant-see-everything = see the whole health book and write into it
clinic-grant-pay = see invoices and pay them
clinic-grant-not-agreed = Nothing was granted. When the person has heard these words and said yes, do it again with --agreed.
clinic-grant-number = To end it: sokhoe clinic grant end { $consent }
clinic-grant-ended = Ended. Phones that lost it: { $phones }.
clinic-grant-prolonged = May help until { $until }.
clinic-grant-over = There is no such grant, or it is over: make a new one.
clinic-rights-withdraw = consent taken back
clinic-rights-erase = erasure
clinic-rights-copy = a copy
clinic-rights-correct = a correction
clinic-rights-restrict = restricted use
clinic-rights-disclose = give the record to somebody else
clinic-rights-receipt = { $clinic } received on { $received }: { $what } (patient { $patient }). An answer comes by { $answer }, and it is done by { $done }.
clinic-rights-recipient = Who gets the record: { $recipient }.
clinic-rights-shut = Phones that lost their access: { $phones }. Each erases what it has when it asks next.
clinic-rights-none = Nothing is open.
clinic-rights-answer-by = answer by { $day }
clinic-rights-done-by = done by { $day }
clinic-rights-is-done = done (was due { $day })
clinic-rights-noted = Noted.
clinic-rights-no-such = There is no such request, or that was noted before.
clinic-rights-erased = Erased: { $own } that the person wrote themselves, { $traces } traces.
clinic-rights-kept = Must be kept by law:
clinic-rights-disclosed = { $resources } parts of the record were written for { $recipient }, as the person asked.
clinic-rights-not-asked = Nobody asked under this number to give a record to somebody: nothing is given.
clinic-rights-given-before = This was done: for it to be given again the person asks again.
clinic-rights-taken-back = The person took their consent back after they asked this: nothing is given.
clinic-rights-breach = { $people } people, { $accesses } accesses, from { $first } to { $last }.
clinic-serving = Serving. Ctrl-C stops.
clinic-stopped = Stopped.
clinic-imported = { $stored ->
    [one] { $stored } record
   *[other] { $stored } records
} stored, { $unchanged } there already, { $deleted } deleted ({ $span }).
clinic-skipped = { $skipped } could not be read (listed above). The rest was stored.
clinic-timetables-set = { $count ->
    [one] { $count } timetable
   *[other] { $count } timetables
} set.
clinic-timetable-unreadable = { $path }, line { $line }: not a list of timetables. See what `sokhoe clinic timetable show` prints.
clinic-day-closed = The clinic is closed on this day.
clinic-day-opened = The clinic is open again on this day.
clinic-day-was-open = The clinic was not closed on this day. Nothing changed.
clinic-stranded = { $count ->
    [one] { $count } booking has
   *[other] { $count } bookings have
} no time any more (listed above). Call these people: move it or call it off.
clinic-rooms-set = Visits by video have rooms there.
clinic-rooms-none = Visits by video have no rooms any more.
clinic-no-room = The booking "{ $booking }" is not a visit by video that stands, or there are no rooms. See: sokhoe clinic video-rooms --help
clinic-system-added = { $name } may read: { $scopes }. Its client id is { $client }.
clinic-system-none = No system may read.
clinic-system-removed = It may read nothing any more.
clinic-system-unknown = There is no system with the client id "{ $client }". See: sokhoe clinic system list --help
clinic-insurance = Insurance: facility { $facility }, { $level }; outside the right route { $percent }% of the benefit; a visit below { $limit } is paid in full.
clinic-insurance-none = Phones are told nothing of the insurance.
clinic-level-commune = a commune's health station
clinic-level-initial = initial level
clinic-level-basic = basic level
clinic-level-specialised = specialised level
clinic-paid = { $amount } received. The invoice is paid.
clinic-already-counted = This transfer was counted before. Nothing changed.
clinic-payment-conflict = Another transfer of this number was counted before, for another reference or amount. Nothing changed; a person must look at both.
clinic-to-settle = The money is recorded and waits to be settled: { $reason }.
clinic-settle-unknown_reference = no invoice has this reference
clinic-settle-other_amount = the invoice is over another amount
clinic-settle-already_paid = the invoice is paid already
clinic-settle-cancelled = the invoice was called off

## The phone
phone-not-there = There is no phone at { $path }. Check --folder, or get the code at reception and run: sokhoe phone enrol CODE
phone-not-enrolled = This phone is not enrolled anywhere. Get the code at reception, then run: sokhoe phone enrol CODE
phone-nobody = Nobody's book is on this phone yet.
phone-no-same-person = Nobody is here twice, as far as their clinics tell.
phone-unite-hint = If they are: sokhoe phone unite { $person } { $other }
phone-united = { $name } is one person now. Next: sokhoe phone sync takes in what the clinics have.
phone-parted = What { $clinic } has of { $name } is a book of its own again: { $id }. Next: sokhoe phone --person { $id } sync
phone-needs-nothing = Nothing for today.
phone-no-helpers = Nobody helps.
phone-no-rights = Nothing was asked.
phone-rights-not-agreed = Nothing was sent. When whoever asks has heard these words and agrees, do it again with --agreed.
phone-no-such-grant = Name one grant that is in force, by its number or the beginning of it: see `sokhoe phone helpers`.
phone-which-person = This phone keeps several books: { $persons }. Choose with --person.
phone-no-such-person = There is no book of { $asked } on this phone. There are: { $persons }.
phone-which-clinic = There are several clinics: { $clinics }. Choose with --clinic.
phone-no-such-clinic = This person is not enrolled at that clinic.
phone-enrolled = Enrolled with { $clinic }. On this phone now:
phone-enrolled-next = Next: sokhoe phone sync takes in the book, sokhoe phone find looks for times.
phone-sign-in-open = Open this address in a browser, and sign in:
phone-sign-in-then = Then give the address that begins with vn.sokhoe: here ({ $clinic }):
phone-exported = The whole book of { $name } is in { $path }.
phone-export-exists = There is a file at { $path }; it was left as it is. Choose another name or add --overwrite.
phone-move-scan = Give this to the old phone (sokhoe phone move answer TEXT), then enter its codes here, one a line.
phone-move-progress = { $have } of { $of ->
    [one] { $of } code
   *[other] { $of } codes
} here.
phone-moved = The account is on this phone now. Next: sokhoe phone sync
phone-move-incomplete = Not all codes came. Nothing was changed. Begin again with: sokhoe phone move begin
phone-no-events = Nothing new.
phone-recovery-made = Write this code down and keep it apart from the phone. It is shown this once; an older code no longer works.
phone-recovered = The books open again. The recovery code stays good.
phone-erase-not-meant = Nothing was erased. What no hospital has would be lost for ever; if it is meant, add --yes
phone-erased = Erased from this phone. The hospitals keep their records.
phone-nothing-free = Nothing is free. Try other days (--from, --days) or another service.
phone-book-hint = To book: sokhoe phone book LINE
phone-book-series-hint = To book all of them: sokhoe phone book-series
phone-find-series-first = No times for a series were looked for yet. First run: sokhoe phone find-series
phone-no-such-series = The last search has no line { $asked }. Run again: sokhoe phone find-series
phone-book-trip-hint = To book for all: sokhoe phone book-trip LINE
phone-find-trip-first = No times for several were looked for yet. First run: sokhoe phone find-trip
phone-no-such-trip = The last search has no line { $asked }. Run again: sokhoe phone find-trip
phone-no-such-service = The clinic has no service like "{ $asked }". See: sokhoe phone services
phone-which-service = "{ $asked }" may be: { $services }. Say more of it.
phone-find-first = No times were looked for yet. First run: sokhoe phone find
phone-no-such-time = The last search has no time "{ $asked }". Run again: sokhoe phone find
phone-no-bookings = There are no appointments.
phone-no-such-booking = There is not exactly one appointment with the id "{ $asked }". See: sokhoe phone list
phone-not-moved = { $why }
phone-sync-sends = The booking is kept. When there is a network, run: sokhoe phone sync
phone-nothing-parked = Nothing is kept back.
phone-no-such-parked = There is not exactly one thing kept back with the id "{ $asked }". See: sokhoe phone parked
phone-refused = { $status }
phone-synced = { $stored ->
    [one] { $stored } record
   *[other] { $stored } records
} stored, { $deleted } deleted ({ $span }).
phone-window-finished = { $stored } new. Everything is here.
phone-window-goes-on = { $stored } new. The rest comes the next time.
phone-window-no-turn = The time was up. First in line the next time.
phone-settled = { $count ->
    [one] { $count } request has
   *[other] { $count } requests have
} the hospital's answer.
phone-still-waiting = { $count ->
    [one] { $count } request waits
   *[other] { $count } requests wait
} to be sent.
phone-set-aside = { $count ->
    [one] { $count } record could not be read and was
   *[other] { $count } records could not be read and were
} set aside.
phone-unreachable = { $clinics } cannot be reached. That part of the book is as of the last time.
phone-nothing-found = Nothing found in the book.
phone-document-added = The document is in the book of { $name }, number { $id }.
phone-document-removed = The document is no longer in the book.
phone-clinic-has-it = The hospital has it.
phone-no-conflicts = There is nothing to decide.
phone-conflict-part = {"  "}{ $what }: yours “{ $mine }”, the hospital's “{ $clinics }”
phone-settled-conflict = It is decided.
phone-taken-back = Taken back. The book shows what the hospital has.
phone-clinic-forgotten = { $clinic } is no longer in the book of { $name }. What came from it is erased from this phone.
phone-storage = Documents take { $used } of { $budget } MB: { $own } MB are your own, { $evictable } MB go when room is needed.
phone-no-attachments = This row has no documents.
phone-attachment-written = “{ $title }” ({ $size }) was written to { $path }.
phone-attachment-in-the-clear = The file is not locked: whoever has it can read it.
phone-no-reminders = Nothing to be reminded of in this time.
phone-no-follow-ups = No clinic asks the person to come again.
phone-no-such-follow-up = There is no line { $asked }. See: sokhoe phone follow-ups
phone-day-times = Times for medicines: morning { $morning }, noon { $noon }, evening { $evening }, night { $night }.
phone-travel-time = The way to { $clinic } takes { $minutes } minutes: reminders say when to leave.
phone-no-travel-time = Nobody told how long the way to { $clinic } takes.
phone-check-whole = The book is whole: all of it was read and verified.
phone-check-rebuilt = Some of the book was damaged. It was kept aside and the book has begun again: sync to fetch what the clinics have.
phone-more = There is more: add --cursor { $cursor }
phone-when = Date
phone-trend-code = Trend code
phone-no-invoices = There are no invoices.

## Codes
qr-unreadable = The code cannot be read: { $why }.
qr-not-text = This is not UTF-8 text. Give what the QR code says, not its picture.
qr-too-long = The text is too long for a QR code.
qr-bad-account = An account has 1 to 19 letters and digits.
qr-bad-amount = The amount cannot be transferred: 1 to below 500,000,000 đồng.
qr-bad-reference = A reference has letters or digits, at most 19.
qr-cannot = The code cannot be made: { $why }.
qr-amount-open = the payer types it
qr-kind-vietqr = A VietQR payment code
qr-kind-momo = A payment code of MoMo (VietQR)
qr-kind-zalopay = A payment code of ZaloPay (VietQR)
qr-kind-vnpay = A payment code of VNPAY
qr-kind-emv = A payment code, but not VietQR
qr-kind-cccd = A citizen card
qr-kind-bhyt = A health insurance card (BHYT)
qr-kind-enrolment = An enrolment code of Sổ Khỏe
qr-kind-ticket = An appointment ticket of Sổ Khỏe
qr-kind-invite = An invitation to help, of Sổ Khỏe
qr-kind-share = A shared document
qr-kind-payment_order = A signed payment order of Sổ Khỏe
qr-kind-unknown = Not a code that is known
qr-field-bank = Bank
qr-field-bin = Bank number (BIN)
qr-field-wallet = Wallet
qr-field-account = Account
qr-field-amount = Amount
qr-field-purpose = Purpose
qr-field-bill = Bill
qr-field-reference = Reference
qr-field-payee = Payee
qr-field-city = City
qr-field-service = Kind
qr-field-scheme = Scheme
qr-field-merchant = Merchant
qr-field-number = Number
qr-field-old_number = Old number
qr-field-name = Name
qr-field-birth_date = Born
qr-field-sex = Sex
qr-field-residence = Residence
qr-field-issued = Issued
qr-field-birth_province = Birth registered in
qr-field-address = Address
qr-field-facility = First registered at
qr-field-valid_from = Valid from
qr-field-valid_to = Valid to
qr-field-benefit_level = Benefit level
qr-field-five_years_from = Five years from
qr-field-parent = Parent
qr-field-issuing_place = Issued by
qr-field-clinic = Clinic
qr-field-expires = Expires
qr-field-key = The clinic's key
qr-service-account = transfer to an account
qr-service-card = transfer to a card
qr-service-cash = cash withdrawal
qr-service-merchant = payment to a merchant
qr-service-other = unknown
qr-usage-many = many times
qr-usage-once = once
sex-male = Male
sex-female = Female
qr-warning-lower_case_crc = The checksum is in lower case.
qr-warning-not_ascii = It has letters with marks: some banks refuse them.
qr-warning-empty = A value is empty.
qr-warning-too_long = A value is longer than allowed.
qr-warning-unexpected = A value is none of those allowed.
qr-warning-missing = A value is missing.
qr-warning-not_template = A value does not have the form it should.
qr-warning-static_with_amount = For many payments, yet with an amount.
qr-warning-dynamic_without_amount = For one payment, yet without an amount.
qr-warning-unknown_bank = This bank is not known.
qr-warning-unknown_service = This kind of payment is not known.
qr-warning-fee_mismatch = The fees contradict each other.
qr-warning-foreign_country = Not a code of Vietnam.
qr-warning-payee_not_checked = The payee cannot be checked.
qr-warning-not_verified = The signature was not checked: that takes the clinic's key.
qr-warning-not_opened = The address is only shown, never opened.
qr-warning-unknown_province = The number begins with no province's code.
qr-warning-sex_differs = The card says another sex than the number.
qr-warning-birth_year_differs = The card says another year of birth than the number.
qr-warning-unknown_sex = The sex is neither Nam nor Nữ.
qr-warning-odd_old_number = The old number does not have its form.
qr-warning-issued_before_birth = Issued before the birth.
qr-warning-odd_field_count = An unusual number of fields.
qr-why-position = , at character { $position }
qr-why-unrecognised = it is none of the codes that are known
qr-why-empty = there is nothing in it
qr-why-too_long = it is longer than any QR code
qr-why-newer_version = it is of a newer version of Sổ Khỏe
qr-why-not_emv = it is not a payment code
qr-why-no_crc = the payment code has no checksum
qr-why-wrong_crc = the payment code was misread or changed (the checksum does not match)
qr-why-crc_not_last = the checksum is not at the end
qr-why-bad_tag = the payment code was misread
qr-why-bad_length = the payment code was misread
qr-why-overrun = the payment code is cut off
qr-why-unknown_format = the form of the payment code is unknown
qr-why-duplicate_tag = a value stands twice
qr-why-not_napas = it is not a code of NAPAS
qr-why-no_beneficiary = the payee is missing
qr-why-bad_bin = the bank's number is not six digits
qr-why-no_account = the account is missing
qr-why-bad_account = the account does not have its form
qr-why-service_inside_beneficiary = the kind of payment stands in the wrong place
qr-why-bad_initiation = it does not say whether it is for one payment or many
qr-why-no_currency = the currency is missing
qr-why-not_vnd = the currency is not the đồng
qr-why-bad_amount = the amount does not have its form
qr-why-zero_amount = the amount is zero
qr-why-amount_too_large = the amount is above what a transfer carries
qr-why-bad_fee_indicator = the fee is of an unknown kind
qr-poster-name = A poster needs the hospital's name: --hospital NAME.
qr-poster-file = The poster is written as .pdf or .svg.
qr-yes = yes
qr-no = no
qr-field-merchant_name = Payee
qr-field-static = Use
qr-field-postal_code = Postal code
qr-field-country = Country
qr-field-mcc = Category (MCC)
qr-field-fee = Fee
qr-field-store = Store
qr-field-terminal = Terminal
qr-field-mobile = Phone
qr-field-loyalty = Loyalty
qr-field-customer = Customer
qr-field-consumer_request = Asked of the payer
qr-field-alternate_language = Other language
qr-field-birth_year = Year of birth
qr-field-area = Area
qr-field-object = Group
qr-field-benefit_percent = Pays (%), an estimate
qr-field-person = Person
qr-field-scopes = May
qr-field-label = Document
qr-field-start = Appointment
qr-field-valid_until = Valid until
qr-field-verified = Signature checked
qr-field-why = Why
qr-warning-duplicate_tag = A value stands twice.
qr-warning-out_of_order = A value stands in the wrong place: others may be lost.
qr-warning-signer_unknown = The clinic that signed it is not known: its name may be false.
qr-warning-invisible = It has characters that cannot be seen.
qr-warning-other_lengths = Lengths do not count characters.
qr-why-ambiguous = the payment code can be read in two ways
qr-why-out_of_order = a value stands in the wrong place: others are lost
qr-why-invisible = it has characters that cannot be seen
qr-warning-bad_amount = The amount does not have its form.
qr-warning-unknown_object = The group of insured people is not on the list.
qr-warning-level_differs = The card says another benefit level than the number.
qr-warning-unknown_level = The benefit level is not known.
qr-warning-ends_before_it_begins = The cover ends before it begins.
qr-warning-could_be_phone = The number could also be a phone number.
qr-warning-not_signed = Nobody signed it: anybody could have made it.
qr-why-bad_citizen_card = it looks like a citizen card, but does not have its form
qr-why-bad_insurance_card = it looks like an insurance card, but does not have its form
qr-why-bad_health_link = it looks like a shared document, but does not have its form
qr-why-empty_template = a part of the payment code is empty: its values are lost
qr-why-not_ours = it is not a code of Sổ Khỏe
qr-why-malformed = it is cut off or garbled
qr-why-altered = it was altered
qr-why-foreign = it is of another clinic
qr-why-not_yet = it is not valid yet
qr-why-expired = it has expired
qr-why-replayed = it was used before
qr-why-not_an_image = the file is not a picture (PNG, JPEG, WebP or GIF)
qr-why-image_too_large = the picture is too large
qr-why-too_many_codes = there are too many codes in the picture
qr-why-no_code = there is no QR code in the picture
qr-why-damaged_code = the QR code in the picture cannot be read: take it sharper and nearer
qr-why-not_text = the QR code in the picture holds no text

## The story
demo-title = Sổ Khỏe: a visit to the hospital, from reception to receipt
demo-step-clinic = The hospital opens
demo-step-enrol = Scan the hospital's code, get the health book
demo-step-find = Find a time
demo-step-book = Book
demo-step-sync = The health book comes to the phone
demo-step-offline = The network is gone; book all the same
demo-step-search = Search the book without a network
demo-step-trend = Read a result and its trend
demo-step-reconnect = The network is back
demo-step-invoice = The invoice arrives
demo-step-payment-qr = The VietQR to pay it
demo-step-paid = The money reaches the hospital
demo-step-summary = Summary
demo-clinic-filled = { $departments } departments, { $doctors } doctors and technicians, { $services } services, { $records } health records
demo-clinic-desk = Desk: { $url }
demo-enrolled = The book of { $name }, born { $born }
demo-enrolled-vault = It is encrypted on the phone. The code at the counter:
demo-found = { $services ->
    [one] { $services } service
   *[other] { $services } services
}. The nearest free times:
demo-booked = The phone wrote down the wish, sent it, and the hospital answered:
demo-cut = The network is cut: nothing leaves the phone. One more booking:
demo-reconnected = The network is back. Nobody touched anything; the waiting booking went out:
demo-synced = { $stored ->
    [one] { $stored } record
   *[other] { $stored } records
}, { $rate } a second
demo-set-aside = Could not be read, set aside: { $count }
demo-searched = Typed "{ $words }", without accents:
demo-invoices = Invoices on the phone:
demo-code = Made from the payment order that the hospital signed, without a network:
demo-money = The bank tells the hospital that { $amount } came in, with the text { $reference }.
demo-told = The phone knew after { $span }, without a reload:
demo-summary = The book of { $name }: { $rows ->
    [one] { $rows } row
   *[other] { $rows } rows
}, { $bytes } on the phone, all of it encrypted
demo-summary-events = What was told:
demo-summary-time = The whole story: { $span }
demo-desk = The desk stays open: { $url }
demo-second-phone = To be a second phone, in another window:
demo-stays = Ctrl-C stops.
demo-interrupted = Stopped before the end, as asked.
demo-step-failed = Step { $number } ({ $title }) did not work: { $why }
demo-bad-data = The data that came along are damaged: { $place }
demo-nobody = The enrolment brought nobody's book.
demo-no-service = The hospital lacks a service that the story needs.
demo-nothing-free = The hospital has nothing free in the next eight days.
demo-other-status = The booking has another state: { $status }
demo-not-shown = The phone did not show what was waited for after 20 seconds.
demo-empty-book = No record came to the phone.
demo-nothing-found = No row with a trend was found.
demo-no-invoice = There is no invoice to be paid.
demo-not-applied = The hospital could not match the money with the invoice.
