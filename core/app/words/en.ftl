# English. Short, plain, says what happens next.

## Days and times
today = Today
tomorrow = Tomorrow
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday

## Bookings
booking-waiting-for-network = Waiting for a network. Sends by itself.
booking-sending = Sending to the hospital…
booking-confirmed = Confirmed
booking-confirmed-otherwise = Confirmed at another time, which you had allowed: { $when }. First choice: { $asked }.
booking-confirmed-other-doctor = Confirmed at that time, with another doctor: { $practitioner }
booking-confirmed-other-doctor-unnamed = Confirmed at that time, with another doctor. Ask at reception when you arrive.
booking-cancelled = Cancelled
booking-cancelling = Sending the cancellation to the hospital…
booking-moving = Confirmed as before. Asking the hospital for another time: { $when }
booking-slot-taken = This time was just taken. Still free: { $times }
booking-slot-taken-none = This time was just taken. Look for another.
booking-trip-taken = Not everybody could have their time, so nobody was booked. Still free for all: { $times }
booking-trip-taken-none = Not everybody could have their time, so nobody was booked. Look for other times.
booking-not-offered = The hospital refused: this time is no longer offered. Look for another.
booking-too-many = The hospital refused: there are already as many bookings as it allows.
booking-refused = The hospital refused: { $code }
booking-given-up = No longer sent. If the appointment is still needed, look for another time.
booking-trip-taken-back = Taken back for everybody before it was sent. Nothing was booked.
booking-not-by-app = This hospital does not take bookings by app. Please call it.
booking-next-try = The hospital cannot be reached yet. Next try: { $when }
booking-cancelling-next-try = The cancellation has not reached the hospital yet. Next try: { $when }
booking-moving-next-try = Confirmed as before. The wish for another time has not reached the hospital yet. Next try: { $when }
booking-parked = Could not be sent and is kept back. Send it again or give it up.
booking-cancelling-parked = The cancellation did not succeed and is kept back. The appointment stands. Send it again or give it up.
booking-moving-parked = Confirmed as before. The wish for another time did not succeed and is kept back. Send it again or give it up.
booking-checked-in = Checked in. Wait until it is your turn.
booking-fulfilled = The visit is over
booking-no-show = The hospital noted that nobody came. If the visit is still needed, book another time.
booking-late = The time is over, and the hospital has not noted that you came. Go to the desk. Who comes more than 15 minutes late waits in the order of arrival.
booking-only-at-desk = You are checked in: only the desk can move or cancel it.
booking-helped-by = { $name } arranged this for the person.
booking-too-late = The time for moving or cancelling it by app is over: please call the hospital.
deadline-until = Can be moved or cancelled here until { $when }.
deadline-over = Could be moved or cancelled here until { $when }. To change it now, please call the hospital.
queue-waiting = Number { $number }. { $ahead ->
    [one] { $ahead } person
   *[other] { $ahead } people
} ahead, about { $when }.
queue-ahead = Number { $number }. { $ahead ->
    [one] { $ahead } person
   *[other] { $ahead } people
} ahead.
queue-number = Number { $number }. Wait until it is your turn.
queue-next = Number { $number }. Nobody is ahead: your turn is next.
queue-called = Number { $number }, it is your turn. Go to { $station } now.
queue-called-before = Number { $number } was called at { $when }. Go to { $station } at once, or ask at the desk.
queue-no-station = the doctor's room
queue-in-room = With the doctor
queue-missed = Number { $number } was called and nobody came. Go to the desk: your number stays.
queue-as-of = (As of { $when })
waiting-for-network = Waiting for a network. Joins the waiting list by itself then.
waiting-sending = Joining the hospital's waiting list…
waiting-since = On the waiting list since { $when }. As soon as a time that suits is freed, the hospital offers it.
waiting-period = { $first } to { $last }
waiting-offered = The hospital keeps this time for you until { $when }. Take it or decline it.
waiting-offered-short = The hospital keeps this time for you until { $when }, by its clock. Time is short: answer now.
waiting-taking = Telling the hospital that you take this time. It is yours when the hospital confirms it.
waiting-declining = Telling the hospital that you do not take this time. You stay on the waiting list.
waiting-already = Already on this waiting list.
waiting-next-try = Not on the waiting list yet: the hospital cannot be reached. Next try: { $when }
waiting-answer-next-try = Your answer has not reached the hospital yet. Next try: { $when }
waiting-parked = Could not join the waiting list, and is kept back. Send it again or give it up.
waiting-answer-parked = Your answer could not be sent and is kept back. Send it again or give it up.

## Free times
slot-languages = Spoken there: { $languages }
slot-languages-untold = Languages: the hospital does not say
slot-step-free = Step-free way in
slot-steps = There are steps or stairs
slot-step-free-untold = Step-free way in: the hospital does not say
slot-in-person = At the hospital
slot-remote = By telephone or video
slot-mode-untold = At the hospital or remote: the hospital does not say
slot-untold = The hospital does not say: { $what }. Call and ask before you book.
estimate-pays = Estimate: insurance (BHYT) pays { $pays }, { $remains } remain to be paid.
estimate-pays-nothing = Estimate: insurance (BHYT) pays nothing, { $remains } are to be paid.
estimate-registered = Right route (the card is registered here): insurance pays { $percent }% of its tariff of { $tariff }.
estimate-referral = Right route by the referral or re-examination slip: insurance pays { $percent }% of its tariff of { $tariff }.
estimate-emergency = An emergency counts as the right route: insurance pays { $percent }% of its tariff of { $tariff }.
estimate-commune-station = At a health station insurance pays 100% of its tariff of { $tariff }.
estimate-small-cost = Insurance pays 100% of its tariff of { $tariff }, since the visit costs less than { $limit }. If the doctor orders more, it may be { $benefit }% only.
estimate-exempt = Insurance pays 100% of its tariff of { $tariff }, since no share of one's own is due any more this year.
estimate-outside-route = Wrong route (the card is registered elsewhere): insurance pays { $percent }% of its tariff of { $tariff }.
estimate-route-unknown = Where the card is registered is not known, so it is counted as the wrong route: insurance pays { $percent }% of its tariff of { $tariff }.
estimate-if-valid = This holds only if the card is valid on the day.
estimate-bring-card = Bring the insurance card, the citizen card or VNeID.
estimate-bring-referral = Bring that slip, and the insurance card, the citizen card or VNeID.
estimate-referral-helps = With a referral slip insurance pays more: bring it, and the insurance card, the citizen card or VNeID.
estimate-not-covered = Insurance (BHYT) does not cover this; { $remains } are to be paid.
estimate-no-card = What insurance (BHYT) pays cannot be estimated: there is no card in the book.
estimate-level-unknown = What insurance (BHYT) pays cannot be estimated: the number in the book does not tell the benefit level. Bring the insurance card, the citizen card or VNeID for the counter to check.
estimate-expired = Insurance (BHYT) is not counted: the card in the book is valid until { $day }, which is before the visit. If it was renewed, tell the reception.
estimate-not-yet-valid = Insurance (BHYT) is not counted: the card in the book is valid from { $day } on, which is after the visit.
estimate-no-terms = What insurance (BHYT) pays cannot be estimated: this place does not tell its terms.
criterion-practitioner = the doctor
criterion-specialty = the speciality
criterion-price = the price
criterion-language = the languages
criterion-step-free = whether there are steps
criterion-mode = whether at the hospital or remote
language-vi = Vietnamese
language-en = English
language-fr = French
language-zh = Chinese
language-blt = Thai (Black Thai)
language-twh = Thai (White Thai)
language-hmn = Hmong
language-tyz = Tay
language-nut = Nung
language-mtq = Muong
language-ium = Dao
language-kjg = Khmu
language-km = Khmer
language-cjm = Cham
language-jra = Jarai
language-rad = Ede
language-bdq = Bahnar
language-hab = Sign language (Hanoi)
language-hos = Sign language (Ho Chi Minh City)
language-haf = Sign language (Hai Phong)

## What to take along
paper-identity = Citizen card or VNeID
paper-identity-note = VNeID on a phone counts as the card. For a child who has neither, ask the hospital which paper will do.
paper-insurance-card = Insurance card (BHYT)
paper-insurance-card-note = If there is one. The citizen card, VNeID or VssID usually count as the card.
paper-insurance-card-known-note = The hospital has the number. Take the card or the citizen card, VNeID or VssID all the same: it is checked at each visit.
paper-referral = Referral slip
paper-referral-note = It holds for a limited time (Circular 01/2025: 10 working days, for some illnesses a year). See its date before you set out.
paper-referral-helps-note = If there is one. The insurance card is not registered here: with a referral insurance pays more. See its date before you set out.
paper-reexamination-slip = Re-examination slip
paper-reexamination-slip-note = It can be used once (Circular 01/2025). See the date on it.
paper-earlier-results = Earlier results and letters
paper-earlier-results-note = Those from other places above all. What is in this book can be shown on the phone.
paper-medicines = Medicines being taken
paper-medicines-note = The boxes or the prescription, also of what was bought without one.

## Several on one trip
trip-with = Together with { $names }.
trip-other-cancelled = The appointment of { $name } was cancelled.
trip-from-until = { $when } to { $until }.
trip-no-waiting = One right after the other.
trip-waiting = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
} of waiting in between.
trip-price = { $price } in all.
trip-remains = About { $remains } remain after insurance (estimate).
series-visit = Visit { $number } of its series, { $coming } still to come.
series-none-on = { $day }: nothing is free.
series-found = Times for { $found } of { $wanted } visits.
series-later = A day without a time may not be given out yet: look again later.
series-price = { $price } in all.
series-most = Only { $most } more can be booked ahead; what comes after is refused.

## The family's calendar
overlap-same-person = { $name } already has an appointment at that time: { $when }, { $clinic }.
overlap-family = { $name } has an appointment at that time: { $when }, { $clinic }.
overlap-little-time = Only { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
} between: { $name } has an appointment { $when }, { $clinic }.
overlap-no-time = No time between: { $name } has an appointment { $when }, { $clinic }.

## What is kept back
parked-book = Booking: { $service }, { $when }
parked-cancel = Cancellation: { $service }, { $when }
parked-move = Another time: { $service }, { $when }
parked-wait = Waiting list: { $service }, { $when }
parked-take = Taking an offered time: { $service }, { $when }
parked-decline = Declining an offered time: { $service }, { $when }
parked-unreadable = What was stored cannot be read, so it cannot be sent. Give it up and do it again.
parked-invalid = No request to the hospital could be made of it. Update the app, then send it again.
parked-unclear = It was sent many times, and the hospital gave no clear answer. Ask reception before giving it up, or send it again.
parked-refused = The hospital refused: { $code }. Ask reception, or send it again.
parked-not-by-app = This hospital does not take cancellations by app. Please call it.

## Payments
payment-due = To be paid
payment-paid = Paid
payment-void = This invoice is no longer valid

## What must be known
event-booking-confirmed = An appointment was confirmed
event-booking-confirmed-otherwise = An appointment was confirmed, not as first chosen but as you had allowed: { $place }. First choice: { $asked }.
event-booking-refused = The hospital refused an appointment
event-booking-cancelled = An appointment was cancelled
event-booking-moved = An appointment is at another time now: { $place }. Before: { $from }.
event-booking-other-doctor = An appointment is with another doctor now: { $place }.
event-queue-called = It is your turn
event-queue-called-to = Number { $number }, it is your turn: go to { $station }. Called at { $when }.
event-queue-missed = You were called and did not come. Go to the desk.
event-queue-missed-of = Number { $number } was called at { $when } and nobody came. Go to the desk: your number stays.
event-cancellation-refused = The hospital refused a cancellation
event-cancellation-refused-why = An appointment was not cancelled. { $why }
event-move-refused = The appointment stays at its time. Another time could not be had: { $wanted }. { $why }
event-on-waiting-list = On the waiting list now
event-waiting-refused = The hospital did not take somebody onto its waiting list
event-time-offered = A time was freed: { $place }. Answer before { $until }.
event-offer-over = The time { $when } went to the next. You are still on the waiting list.
event-offer-refused = The time { $when } could not be had. { $why } You are still on the waiting list.
event-waiting-over = No longer on a waiting list
event-intent-parked = Something could not be sent to the hospital and is kept back. Send it again or give it up.
event-invoice-issued = There is a new invoice
event-invoice-paid = An invoice was paid
event-book-rebuilt = The book was damaged on this phone and is being fetched again from the hospital. Appointments not yet sent and your own documents are still there, the old copy is kept aside.
event-document-lost = A document of your own was damaged on this phone and can no longer be opened. Its title is still in the book. If you still have it, add it again.
event-book-older = The book on this phone is an older copy. It is fetched again from the hospital. What you wrote since then may be missing.
event-access-ended = The hospital no longer lets this phone see the record. What came from there was erased from the phone.
event-unsent-lost = Something you decided or wrote for that hospital had not been sent. It is gone with what came from there.
event-unsent-maybe-lost = If you had decided or written something for that hospital that was not sent yet, it is gone, too.
event-change-conflict = The hospital changed what you changed, too. Choose which is right.
event-change-refused = The hospital does not take something that you wrote
event-access-log-mismatch = The hospital's list of who looked at the book does not match what it was before: it may have been changed or cut. Ask the hospital.
event-rights-received = The hospital received what you asked about your personal data.
event-rights-received-of = { $clinic } received on { $when }: { $what }. It is done by { $done }. Receipt number: { $number }.
event-other = Something changed

## In step with the hospitals
sync-never = Nothing has come from the hospital yet.
sync-arriving = The record is coming: { $arrived ->
    [one] { $arrived } item is
   *[other] { $arrived } items are
} here and can be read.
sync-arriving-of = The record is coming: { $arrived } of { $expected ->
    [one] { $expected } item
   *[other] { $expected } items
} { $arrived ->
    [one] is
   *[other] are
} here and can be read.
sync-up-to-date = The record is complete.
sync-waiting = { $waiting } waiting for a network to be sent.
sync-sending = { $waiting } on the way, not answered yet.
sync-not-reached = The hospital cannot be reached; the app tries again by itself.
sync-not-enrolled = The hospital no longer knows this phone. Ask for a new code at the counter.
sync-not-let-in = The hospital no longer lets this phone in. The book stays as it is, and what is not sent yet waits. Add the hospital again with a new access code, or take it out of this book: what came from it is then erased.
sync-bad-answer = The hospital's answer cannot be read; what is here stays.
sync-held-over = There is more to come; it comes with the next update.
sync-held-no-network = There is more to come; it comes when there is a network.
sync-held-metered = The rest waits for Wi-Fi, since mobile data cost money.
sync-held-battery-low = The rest waits until the battery is charged.
sync-held-data-used-up = The data allowance is used up. The rest comes on Wi-Fi, or when a new day or month begins. What you book is still sent.
sync-held-time-up = There was not enough time for everything; the rest comes with the next update.
sync-as-of = (Last updated: { $when })

## Reminders
follow-up-due = Come again between { $from } and { $to }.
follow-up-overdue = You were asked to come again between { $from } and { $to }, and nothing is booked.
follow-up-booked = Booked: { $when }.
remote-visit-not-yet = The visit opens { $when }. Come back then.
remote-visit-open = The visit is open until { $when }.
remote-visit-over = The visit has been over since { $when }.
ticket-not-yet = The ticket can be shown from { $when } on, also without a network. Open it again then.
ticket-open = Show this code at the kiosk or at the reception. It changes every half hour; this one is good until { $when }.
ticket-over = The ticket's time is over. If you still want to be seen, ask at the reception.
ticket-not-confirmed = There is a ticket once the hospital has confirmed the appointment.
ticket-remote = A visit by telephone or video needs no ticket.
ticket-not-given = This place gives no tickets to the app. Say your name at the reception when you come.
ticket-not-here = The ticket is not on this phone yet. It comes by itself when there is a network, if the hospital gives tickets. Without it, say your name at the reception.
ticket-clock-ahead = This phone's clock is ahead of the hospital's by { $span }; the times here are the hospital's.
ticket-clock-behind = This phone's clock is behind the hospital's by { $span }; the times here are the hospital's.
reminder-appointment-tomorrow = You have an appointment tomorrow
reminder-appointment-ahead = You have an appointment soon
reminder-appointment-soon = You have an appointment in two hours
reminder-time-to-leave = It is time to leave for your appointment
reminder-appointment = { $what }, { $when }. { $clinic }
reminder-medicines = Time for your medicines
reminder-time-chosen = { $line } (time chosen by the phone, not written in the prescription)
reminder-discreet = You have a reminder. Open Sổ Khỏe to see it.
reminder-see-prescription = See the prescription for the times.

## What is read aloud to support
report-app-version = App { $version }
report-app = Sổ Khỏe core { $version }, book { $book }, account { $account }
report-clock = This phone's clock: { $when }
report-phone = { $persons ->
    [one] { $persons } person
   *[other] { $persons } people
}, { $clinics ->
    [one] { $clinics } clinic
   *[other] { $clinics } clinics
}
report-network-none = Network: none
report-network-metered = Network: mobile data
report-network-unmetered = Network: Wi-Fi
report-battery-low = Battery: low
report-battery-good = Battery: good
report-data = Data: { $today } MB used today, { $left } MB left
report-person = Person { $number }
report-person-closed = Person { $number }: cannot be opened, code { $code }
report-storage = On disk: books { $books } MB, documents { $documents } MB
report-documents = Documents: { $used } of { $budget } MB
report-clinic = Clinic { $code }: complete { $when }
report-never = never
report-trouble = Last problem: { $code }
report-left-alone = Left alone until { $when }
report-waiting = Waiting: { $count }
report-sending = Of these on the way: { $count }
report-parked = Kept back: { $count }
report-refused = Not taken by the clinic: { $count }
report-conflicts = To be decided: { $count }
report-set-aside = Unreadable: { $count }
report-codes = Codes: { $codes }
report-clock-same = Clocks of phone and clinic agree
report-clock-ahead = Phone's clock is ahead of the clinic's by { $span }
report-clock-behind = Phone's clock is behind the clinic's by { $span }
report-span = { $days } d { $hours } h { $minutes } min
report-end = End: { $lines } lines before this one, check code { $code }

## Sections
section-results = Results
section-medicines = Medicines
section-visits = Visits
section-images = Images (X-ray, CT, ultrasound)
section-vaccines = Vaccines
section-measurements = Measurements (pressure, sugar, weight)
section-documents = Documents
section-allergies-and-conditions = Allergies, Conditions
section-appointments = Appointments
section-invoices = Invoices
section-procedures = Procedures
source-own = My own

## Attached documents
attachment-untitled = Document
attachment-inline = In the book, can be opened without a network
attachment-here = On this phone, can be opened without a network
attachment-at-clinic = At the hospital. Needs a network to fetch.
attachment-gone = The hospital no longer has this document. Ask at reception if a copy is needed.
attachment-own-lost = It was damaged on this phone and can no longer be opened. If you still have it, add it again.
attachment-elsewhere = Somewhere else than this hospital. Sổ Khỏe does not fetch it.

## Errors: what happened, what was kept, what can be done
error-offline = The hospital cannot be reached. Everything saved is still on this phone. Try again when there is a network.
error-bad-answer = The hospital's answer cannot be read ({ $what }). The book was not changed. The Wi-Fi may want a login; try again later.
error-takes-no-bookings = This hospital does not take bookings by app. Nothing was booked. Please call it.
error-keeps-no-waiting-list = This hospital keeps no waiting list by app. Please call it.
error-books-one-at-a-time = This hospital cannot book several people together. Nothing was booked. Book for one after the other.
error-busy = The hospital is busy or cannot be reached yet. Everything is kept. Try again in { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}.
error-not-enrolled = The hospital no longer knows this phone. The book can still be read. Ask reception for a new QR code.
error-enrolment-not-ours = This is not a Sổ Khỏe enrolment code. Scan the code that reception shows.
error-enrolment-altered = The enrolment code was altered or is incomplete. Ask reception for a new one.
error-enrolment-expired = The enrolment code is too old. Ask reception for a new one.
error-enrolment-unknown = The hospital does not know this code. Ask reception for a new one.
error-enrolment-used = Another phone has used this code. Ask reception for a new one.
error-enrolment-other-clinic = The place that answered is not the hospital that made the code. Nothing was saved. Ask reception.
error-enrolment-newer-version = This code is of a newer app. Update Sổ Khỏe, then scan again.
error-enrolment-other-grant = This phone helps this person in another way already. Ask reception to end that first, then scan again.
error-sign-in-not-offered = Nobody signs in online at this hospital. Ask reception for a QR code.
error-sign-in-not-begun = This sign-in is over, or was begun on another phone. Begin again on this phone.
error-sign-in-counter-required = The hospital cannot let you in this way. Bring your identity card to reception, and scan the QR code there.
error-sign-in-declined = You were not signed in. Try again, or ask reception for a QR code.
error-sign-in-too-weak = The hospital asks for a stronger proof of who you are. Raise the level of your account where you sign in, or ask reception for a QR code.
error-sign-in-unavailable = Signing in does not work just now. Try again later, or ask reception for a QR code.
error-not-found = There is no such thing on this phone.
error-validation = This value cannot be: { $field } ({ $rule }).
error-untrusted-payment = STOP: this invoice does not carry the hospital's signature ({ $reason }). Do not pay. Ask the cashier.
error-move-not-ours = This is not a Sổ Khỏe code for moving to a new phone. Scan the code on the other phone.
error-move-altered = The code was altered or is incomplete. Nothing was changed. Scan again.
error-move-expired = The code is too old. Nothing was changed. Make a new one on the new phone, and check the clocks of both.
error-move-newer-version = The other phone has a newer app. Update Sổ Khỏe on both, then begin again.
error-move-not-empty = This phone has a book already. Only a phone without one can take an account. Nothing was changed.
error-move-nothing = There is no book on this phone that could move.
error-move-too-large = This account is too large for QR codes. Enrol the new phone at reception.
error-move-other-request = This code belongs to another move. Nothing was changed. Scan the new phone's code with the old one and begin again.
error-move-no-request = This phone shows no code to receive a book. Begin again on the new phone.
error-move-damaged = All codes are here but cannot be opened. Nothing was changed. Make a new code on the new phone and begin again.
error-move-moved = The book has moved to another phone. Here it can only be read. Use the new phone.
error-cannot-write = The file cannot be written there. The book is unharmed. Choose another place.
error-cannot-write-exists = There is a file of this name. It was left as it is. Choose another name.
error-document-not-here = The document is not on this phone yet. Fetch it when there is a network.
error-document-gone = The hospital no longer has this document. The book is unchanged. Ask at reception if a copy is needed.
error-document-elsewhere = The document is somewhere else than this hospital and is not fetched. Ask at reception if a copy is needed.
error-document-too-large = The document is too large to keep on a phone. The book is unchanged. Ask the hospital for a printed copy.
error-document-no-room = There is no room left for the documents of this book. What was kept is kept. Give documents more room, then fetch it again.
error-document-damaged = The document on this phone is damaged and no clinic has another copy. The rest of the book is whole. If it was your own and you still have it, add it again; else ask at reception if a copy is needed.
error-document-other-content = What the hospital sent is not the document in the book, so it was not kept. Update the book and fetch it again; if that does not help, tell the hospital.
error-document-unreadable = The document in the book cannot be read. The rest of the book is whole. Tell the hospital.
error-document-data-used-up = The data allowance is used up. The book is unchanged. Fetch the document on Wi-Fi, or allow more for today.
error-cannot-read = The file cannot be read. Nothing was saved. Choose it again.
error-documents-full = The document does not fit: { $missing } MB too much. Nothing was saved. Allow documents more room, or remove some of your own.
error-unsent = The hospital does not have { $count ->
    [one] one of your bookings or readings
   *[other] { $count } of your bookings or readings
} yet. What it does not have would be lost. Nothing was changed.
error-key-store-locked = The phone is locked. The book is unharmed. Unlock and try again.
error-key-store-user-cancelled = The book was not unlocked. It is unharmed. Try again.
error-key-store-transient = The phone did not answer. The book is unharmed. Try again.
error-key-store-invalidated = The book's key can no longer be used. The book is unharmed. Use the recovery code or enrol again at reception.
error-key-store-missing = The book's key is missing. The book is unharmed. Use the recovery code or enrol again at reception.
error-recovery-code-mistyped = The recovery code is mistyped. Nothing was changed. Check each group of four.
error-recovery-code-newer-version = The recovery code was made by a newer app. Nothing was changed. Update the app.
error-recovery-code-wrong = This code does not open the book. Nothing was changed. Use the recovery code that was made last.
error-recovery-code-none-made = No recovery code was made for this book. The book is unharmed. Enrol again at reception.
error-disk-full = There is no space left on this phone. What was saved is kept. Make room and try again.
error-damaged-book = The book on this phone cannot be opened. It was left as it is. Ask the hospital to send it again.
error-upgrade-required = A newer version of the app wrote this book. Update the app.
error-lease-over = You help this person. For safety the book opens only after the hospital was asked again. Connect to a network and try again. Nothing is lost.
error-only-own-phone = You help this person. Who helps them is decided on their own phone, or at reception.
error-not-granted = You help this person, but were not allowed to { $what }. They, or reception, can allow it.
error-paused = The app is resting. What was kept is kept. Open the app again.
error-cancelled = Stopped as asked.
error-internal = The app has a fault (code { $code }). What was saved is kept.

## Details
field-status = Status
field-value = Value
field-performer = Performer
field-dosage = Dose
field-note = Note
field-referenceRange = Reference range
field-interpretation = Interpretation
field-effective = When
field-issued = Issued
field-category = Category
field-code = Name
field-reason = Reason
field-period = Period
field-location = Where
field-quantity = Quantity
field-route = Route
field-method = Method
field-conclusion = Conclusion

## FHIR statuses
status-registered = Registered, no result yet
status-preliminary = Preliminary
status-final = Final
status-amended = Amended
status-corrected = Corrected
status-active = Active
status-on-hold = On hold
status-completed = Completed
status-stopped = Stopped
status-cancelled = Cancelled
status-planned = Planned
status-arrived = Arrived
status-in-progress = In progress
status-finished = Finished
status-booked = Booked
status-checked-in = Checked in
status-fulfilled = Over
status-noshow = Did not come
status-issued = Issued
status-balanced = Balanced
status-current = Current
status-not-done = Not done

## Scanned codes
scan-payment = A VietQR payment code. Check the payee's name in your bank app before you pay.
scan-other-payment = A payment code, but not VietQR. Open it in the app it is made for.
scan-citizen-card = A citizen card.
scan-citizen-number = A citizen number.
scan-insurance-card = A health insurance card (BHYT).
scan-insurance-number = A health insurance number (BHYT).
scan-enrolment = A hospital's enrolment code. Continue only if the hospital's counter shows it to you.
scan-invitation = Somebody asks you to help with their health book.
scan-share = A shared document. It is opened only when you say so.
scan-ticket = An appointment ticket. Show it to the kiosk.
scan-move-request = A new phone asks for your books. Continue only if it is yours and in front of you.
scan-move-parcel = A part of an account on its way to a new phone. Scan it with the new phone.
scan-url = A web address. It was not opened.
scan-unknown-unrecognised = Not a code that this app knows.
scan-unknown-empty = There is nothing in this code.
scan-unknown-too-long = This is longer than any QR code.
scan-unknown-payment = STOP: this payment code is broken or was changed. Do not pay with it. Scan again or ask the cashier.
scan-unknown-citizen-card = It looks like a citizen card but cannot be read. Scan again.
scan-unknown-insurance-card = It looks like an insurance card but cannot be read. Scan again.
scan-unknown-bad-health-link = It looks like a shared document but cannot be read. Ask for a new code.
scan-unknown-newer-version = This code is of a newer app. Update Sổ Khỏe, then scan again.
scan-unknown-malformed = The code is incomplete. Scan again or ask for a new one.
scan-unknown-altered = The code was changed. Do not use it. Ask for a new one.
scan-unknown-expired = The code is too old. Ask for a new one.
scan-warning-unknown-bank = This bank is not in our list.
scan-warning-unknown-service = This kind of payment is not known.
scan-warning-foreign-country = Not a code of Vietnam.
scan-warning-fee = What it says about fees is contradictory.
scan-warning-contradictory = Parts of this code contradict each other: two apps may read it differently.
scan-warning-letters = It has letters that apps read in different ways.
scan-warning-unknown-province = The number begins with no province's code.
scan-warning-sex-differs = The card says another sex than the number.
scan-warning-birth-year-differs = The card says another year of birth than the number.
scan-warning-unknown-sex = The sex cannot be read.
scan-warning-odd-old-number = The old number does not have its form.
scan-warning-issued-before-birth = Issued before the birth.
scan-warning-odd-field-count = The card has an unusual number of fields.
scan-warning-unknown-object = The number's group of insured people is not in our list.
scan-warning-level-differs = The card says another benefit level than the number.
scan-warning-unknown-level = The benefit level is not known.
scan-warning-ends-before-it-begins = The cover ends before it begins.
scan-warning-could-be-phone = The number could also be a phone number.
scan-warning-not-signed = No hospital signed it: anybody could have made it.
scan-warning-signer-unknown = This phone does not know the hospital that signed it: the name may be false.
payee-matches = This code pays the hospital, as it signed for this invoice.
payee-stop = STOP: this code is not the hospital's for this invoice ({ $what }). Do not pay with it. Use the code in this app or ask the cashier.
payee-not-vietqr = not a VietQR payment code
payee-bank = another bank
payee-account = another account
payee-amount = another amount
payee-reference = another reference
payee-extra = a fee or another payee

## Moving to a new phone
move-erase-old-phone = Once the new phone has the books, erase Sổ Khỏe on the old one: its books can be read until then.
move-own-documents-stay = Documents that you added yourself do not move along. Before erasing the old phone, save its book to a FHIR file there: they are in it.

## The printed book
export-title = Health book
export-in-the-clear = This file is not locked: whoever has it can read it. Keep it like medical papers, send it only to people you trust, delete it when it is no longer needed.
export-born = Born { $date }
export-gender-male = Male
export-gender-female = Female
export-gender-other = Other gender
export-made = Made { $when }
export-summary = Summary
export-allergies = Allergies
export-conditions = Current conditions
export-medicines-now = Current medicines
export-out-of-range = Latest results that are out of range
export-none-told = No clinic has recorded any.
export-more = … and { $count } more in the book.
export-bookings = Coming appointments
export-contents = In this book
export-nothing = There is nothing in the book yet. Synchronise when there is a network.
export-column-when = When
export-column-what = What
export-column-value = Result
export-column-range = Reference range
export-column-detail = Details
export-column-status = Status
export-no-date = No date
export-from = { $clinic }, received { $date }
export-high = high
export-low = low
export-abnormal = abnormal
export-trends = Trends
export-trends-text = Each picture is a value over time, the newest on the right. The green band is the reference range of the newest value.
export-curve-range = reference { $range }
export-sources = Sources
export-sources-text = Everything in this book comes from here. Beside each day stand whom it comes from and when this phone received it.
export-set-aside = { $count ->
    [one] { $count } record could not be read by this phone and is
   *[other] { $count } records could not be read by this phone and are
} not in this copy. What came is kept; ask the clinic that sent it.
export-end = End of the book. Made with Sổ Khỏe from what clinics sent and what you added; it does not replace the clinics' own records.

## What the person writes
reading-blood-pressure = Blood pressure
reading-pulse = Pulse
reading-glucose = Blood glucose
reading-weight = Weight
reading-temperature = Body temperature
reading-oxygen-saturation = SpO2 (oxygen saturation)
change-waiting = Waiting for a network. Sends by itself.
change-sending = Sending to the hospital…
change-refused = The hospital does not take it ({ $code }). You can change it or take it back.
change-conflict = The hospital changed this, too. Choose which is right.
conflict-telecom = Telephone, e-mail
conflict-address = Address
conflict-contact = Contact person
conflict-communication = Language
conflict-valueQuantity = Value measured
conflict-component = Value measured
conflict-effectiveDateTime = Time of measuring
conflict-note = Note
conflict-other = Something else
conflict-nothing = (nothing)

## Helping
scope-book = book, move and cancel appointments
scope-see-summary = see allergies, current medicines and next appointments
scope-see-everything = see the whole health book and write in it
scope-pay = see and pay bills
helping = You help this person. You may: { $may }.
helping-until = You help this person until the end of { $until }. You may: { $may }.
helping-needs-network = Connect to a network to open the book.
same-person-cccd = { $name } ({ $clinic }) and { $other } ({ $there }) have the same citizen's number. Are they one person? Their books become one.
same-person-bhyt = { $name } ({ $clinic }) and { $other } ({ $there }) have the same insurance number and day of birth. Are they one person? Their books become one.
rights-withdraw = to take the consent back, so that no phone sees the record any more
rights-erase = to erase my data that no law says must be kept
rights-copy = to give me a copy of my data
rights-correct = to correct what is wrong
rights-restrict = to restrict the use of my data
rights-disclose = to give the record to somebody else
rights-disclose-to = to give the record to { $recipient }
rights-words = I, { $giver }, ask { $clinic }, about the record of { $person }: { $what }.
rights-words-details = In my words: “{ $details }”.
rights-words-ends = I know that every phone then erases what came from this hospital.
rights-sent = Asked of { $clinic }: { $what }. It has not been sent yet.
rights-received = { $clinic } received on { $when }: { $what }. An answer comes by { $answer }, and it is done by { $done }.
rights-answered = { $clinic } answered what it received on { $when }: { $what }. It is done by { $done }.
rights-done = { $clinic } did on { $done }: { $what }.
helper-may = { $name } may help until the end of { $until }: { $may }.
helper-could = { $name } no longer helps. Was allowed: { $may }.
helper-invited = Let { $name } scan this code now. It works for seven days, also when neither phone has a network now.
grant-words = I, { $giver }, agree that { $helper } may, for { $person }: { $may }. Until the end of { $until }. I can take this back at any time.
invitation-accepted = You can help { $name } now.
invitation-waits-for-network = Kept. As soon as there is a network you can help.
invitation-waits-for-other = Kept. The hospital does not know of it yet: the other phone has to be online once. This phone tries again by itself.
invitation-waits = Waits for the hospital to hear of it.
today-invoice = To be paid: { $amount }

## Who looked at the book
access-log-as-of = As of { $when }.
access-log-mismatch = The hospital's list of who looked does not match what it was before: it may have been changed or cut. Ask the hospital. What this phone has seen is kept.
access-log-entry = { $who }: { $what }.
access-log-entries = { $who }: { $what } ({ $count } times).
access-log-denied = Denied.
access-log-refused = It could not be done.
access-log-this-phone = This phone
access-log-own-phone = The phone { $name }
access-log-strange-phone = A phone that is not known
access-log-helper = The helper { $name }
access-log-a-helper = A helper
access-log-desk = The hospital's desk
access-log-staff = { $name }, { $role }
access-log-a-staff = A member of staff, { $role }
access-log-kiosk = A kiosk of the hospital
staff-role-reception = reception
staff-role-doctor = doctor
staff-role-cashier = cashier
staff-role-operator = telephone
staff-role-administrator = administrator
access-log-import = The hospital's systems
access-log-system = Another system of the hospital
access-log-command-line = The hospital's administrator
access-log-server = The hospital's software by itself
access-log-see-results = saw results
access-log-see-medicines = saw medicines
access-log-see-visits = saw appointments
access-log-see-documents = saw documents
access-log-see-invoices = saw invoices
access-log-see-insurance = saw the insurance
access-log-see-person = saw personal details
access-log-see-conditions = saw allergies and conditions
access-log-see-vaccines = saw vaccines
access-log-see-consents = saw who may help
access-log-see-other = saw the record
access-log-record-results = recorded results
access-log-record-medicines = recorded medicines
access-log-record-visits = recorded appointments
access-log-record-documents = recorded documents
access-log-record-invoices = recorded invoices
access-log-record-insurance = recorded the insurance
access-log-record-person = recorded personal details
access-log-record-conditions = recorded allergies and conditions
access-log-record-vaccines = recorded vaccines
access-log-record-consents = recorded who may help
access-log-record-other = recorded something
access-log-changes = brought the book up to date
access-log-live = opened the book to follow it
access-log-find = looked for times
access-log-join = opened a visit by video
access-log-ticket = fetched the ticket
access-log-queue = looked at the queue number
access-log-hold = held a time
access-log-book = booked a visit
access-log-change-booking = moved or cancelled a visit
access-log-wait = joined the waiting list
access-log-lease = asked for how long the book may be shown
access-log-write = wrote into the book
access-log-enrol = connected a phone to the book
access-log-invite = made a code to connect a phone
access-log-end = took back access to the book
access-log-list = saw the name in a list
access-log-open = opened the record
access-log-because = { $what } (reason: { $reason })
access-reason-visit = here for a visit today
access-reason-caller = somebody called
access-reason-at-counter = somebody came to the desk
access-reason-hand-out = handing out results
access-reason-emergency = an emergency
access-reason-correction = putting the record right
access-reason-complaint = a complaint
access-log-log = looked who looked
access-log-disclose = gave the record to somebody else, as the person asked
