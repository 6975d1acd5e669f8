# Tiếng Việt. Ngắn, rõ, những từ mà quầy bệnh viện dùng. Không xưng hô.

## Ngày giờ
today = Hôm nay
tomorrow = Ngày mai
weekday-1 = Thứ Hai
weekday-2 = Thứ Ba
weekday-3 = Thứ Tư
weekday-4 = Thứ Năm
weekday-5 = Thứ Sáu
weekday-6 = Thứ Bảy
weekday-7 = Chủ Nhật

## Lịch khám
booking-waiting-for-network = Đang chờ có mạng. Sẽ tự gửi khi có mạng.
booking-sending = Đang gửi đến bệnh viện…
booking-confirmed = Đã xác nhận
booking-confirmed-otherwise = Đã xác nhận vào giờ khác: { $when }. Giờ chọn đầu tiên: { $asked }.
booking-confirmed-other-doctor = Đã xác nhận đúng giờ, với bác sĩ khác: { $practitioner }
booking-confirmed-other-doctor-unnamed = Đã xác nhận đúng giờ, với bác sĩ khác. Hãy hỏi quầy tiếp đón khi đến.
booking-cancelled = Đã hủy lịch
booking-cancelling = Đang gửi yêu cầu hủy lịch đến bệnh viện…
booking-moving = Lịch cũ vẫn còn. Đang xin bệnh viện đổi sang: { $when }
booking-slot-taken = Giờ này vừa có người đặt. Còn các giờ: { $times }
booking-slot-taken-none = Giờ này vừa có người đặt. Hãy tìm giờ khác.
booking-not-offered = Bệnh viện từ chối: không còn khám vào giờ này. Hãy tìm giờ khác.
booking-too-many = Bệnh viện từ chối: đã có đủ số lịch khám được đặt trước.
booking-refused = Bệnh viện từ chối: { $code }
booking-given-up = Không gửi nữa. Nếu vẫn cần khám, hãy tìm giờ khác.
booking-not-by-app = Bệnh viện này không nhận đặt lịch qua ứng dụng. Hãy gọi điện để đặt.
booking-next-try = Chưa liên lạc được với bệnh viện. Lần thử tới: { $when }
booking-cancelling-next-try = Chưa gửi được yêu cầu hủy lịch đến bệnh viện. Lần thử tới: { $when }
booking-moving-next-try = Lịch cũ vẫn còn. Chưa gửi được yêu cầu đổi giờ đến bệnh viện. Lần thử tới: { $when }
booking-parked = Chưa gửi được và đã tạm dừng. Hãy chọn gửi lại hoặc bỏ.
booking-cancelling-parked = Yêu cầu hủy lịch chưa thành công và đã tạm dừng. Lịch khám vẫn còn. Hãy chọn gửi lại hoặc bỏ.
booking-moving-parked = Lịch cũ vẫn còn. Yêu cầu đổi giờ chưa thành công và đã tạm dừng. Hãy chọn gửi lại hoặc bỏ.

## Lịch của cả nhà
overlap-same-person = { $name } đã có lịch khám khác trùng giờ này: { $when }, { $clinic }.
overlap-family = { $name } có lịch khám trùng giờ này: { $when }, { $clinic }.
overlap-little-time = Chỉ cách { $minutes } phút: { $name } có lịch khám { $when }, { $clinic }.
overlap-no-time = Liền ngay nhau: { $name } có lịch khám { $when }, { $clinic }.

## Việc tạm dừng
parked-book = Đặt lịch khám: { $service }, { $when }
parked-cancel = Hủy lịch khám: { $service }, { $when }
parked-move = Đổi giờ khám: { $service }, { $when }
parked-unreadable = Nội dung đã lưu không đọc được nên không gửi được. Hãy bỏ rồi làm lại.
parked-invalid = Không tạo được yêu cầu gửi đến bệnh viện. Hãy cập nhật ứng dụng rồi gửi lại.
parked-unclear = Đã gửi nhiều lần mà bệnh viện không trả lời rõ. Hãy hỏi quầy tiếp đón trước khi bỏ, hoặc gửi lại.
parked-refused = Bệnh viện không nhận yêu cầu: { $code }. Hãy hỏi quầy tiếp đón, hoặc gửi lại.
parked-not-by-app = Bệnh viện này không nhận hủy lịch qua ứng dụng. Hãy gọi điện để hủy.

## Thanh toán
payment-due = Chưa thanh toán
payment-paid = Đã thanh toán
payment-void = Phiếu thu không còn hiệu lực

## Việc cần biết
event-booking-confirmed = Lịch khám đã được xác nhận
event-booking-confirmed-otherwise = Lịch khám được xác nhận không đúng như chọn đầu tiên, mà theo điều bạn đã đồng ý: { $place }. Giờ chọn đầu tiên: { $asked }.
event-booking-refused = Bệnh viện không nhận lịch khám
event-booking-cancelled = Lịch khám đã bị hủy
event-booking-moved = Lịch khám đã chuyển sang giờ khác: { $place }. Giờ cũ: { $from }.
event-booking-other-doctor = Lịch khám đã đổi sang bác sĩ khác: { $place }.
event-cancellation-refused = Bệnh viện không nhận yêu cầu hủy lịch
event-move-refused = Lịch khám vẫn giữ giờ cũ. Không đổi được sang giờ đã chọn: { $wanted }. { $why }
event-intent-parked = Có việc chưa gửi được đến bệnh viện và đã tạm dừng. Hãy xem và chọn gửi lại hoặc bỏ.
event-invoice-issued = Có phiếu thu viện phí mới
event-invoice-paid = Đã thanh toán viện phí
event-book-rebuilt = Sổ bị hỏng trên điện thoại này và đang được tải lại từ bệnh viện. Lịch hẹn chưa gửi và giấy tờ tự thêm vẫn còn, bản cũ được cất riêng.
event-document-lost = Một giấy tờ tự thêm đã bị hỏng trên điện thoại này và không mở được nữa. Tên của nó vẫn còn trong sổ. Nếu còn bản gốc, hãy thêm lại.
event-book-older = Sổ trên điện thoại này là bản cũ. Ứng dụng sẽ tải lại từ bệnh viện. Những gì bạn tự ghi sau đó có thể bị thiếu.
event-access-ended = Bệnh viện không còn cho điện thoại này xem hồ sơ. Những gì lấy từ bệnh viện đó đã được xóa khỏi máy.
event-unsent-lost = Có điều bạn đã quyết định hoặc ghi cho bệnh viện đó mà chưa gửi được. Điều đó cũng đã mất.
event-change-conflict = Bệnh viện cũng đã sửa thông tin bạn vừa sửa. Hãy chọn nội dung đúng.
event-change-refused = Bệnh viện không nhận thông tin bạn tự ghi
event-other = Có thay đổi mới

## Đồng bộ với bệnh viện
sync-never = Chưa lấy được hồ sơ.
sync-arriving = Đang lấy hồ sơ về: đã có { $arrived } mục, xem được ngay.
sync-arriving-of = Đang lấy hồ sơ về: đã có { $arrived } trên { $expected } mục, xem được ngay.
sync-up-to-date = Hồ sơ đầy đủ.
sync-waiting = { $waiting } việc chờ có mạng để gửi đi.
sync-sending = { $waiting } việc đang gửi, chưa có trả lời.
sync-not-reached = Chưa kết nối được với bệnh viện; ứng dụng sẽ tự thử lại.
sync-not-enrolled = Bệnh viện không còn nhận ra điện thoại này. Hãy xin mã đăng ký mới tại quầy.
sync-not-let-in = Bệnh viện không còn cho điện thoại này truy cập. Sổ vẫn giữ nguyên, những gì chưa gửi sẽ chờ. Hãy thêm lại bệnh viện với mã truy cập mới, hoặc bỏ bệnh viện khỏi sổ: khi đó những gì lấy từ bệnh viện sẽ bị xóa.
sync-bad-answer = Bệnh viện trả lời không đọc được; những gì đã có vẫn giữ nguyên.
sync-held-over = Còn phần chưa lấy về; sẽ lấy ở lần cập nhật tới.
sync-held-no-network = Còn phần chưa lấy về; sẽ lấy khi có mạng.
sync-held-metered = Phần còn lại chờ Wi-Fi, vì dữ liệu di động mất tiền.
sync-held-battery-low = Phần còn lại chờ đến khi sạc pin.
sync-held-data-used-up = Đã dùng hết mức dữ liệu di động cho phép. Phần còn lại sẽ về khi có Wi-Fi, hoặc sang ngày hay tháng mới. Lịch hẹn bạn đặt vẫn được gửi đi.
sync-held-time-up = Chưa đủ thời gian lấy hết; phần còn lại sẽ về ở lần cập nhật tới.
sync-as-of = (Cập nhật lần cuối: { $when })

## Lời nhắc
reminder-appointment-tomorrow = Ngày mai bạn có lịch khám
reminder-appointment-soon = Còn hai giờ nữa đến lịch khám
reminder-appointment = { $what }, { $when }. { $clinic }
reminder-medicines = Đến giờ dùng thuốc
reminder-time-chosen = { $line } (giờ do điện thoại chọn, đơn thuốc không ghi giờ)
reminder-discreet = Bạn có một lời nhắc. Mở Sổ Khỏe để xem.
reminder-see-prescription = Xem giờ dùng trong đơn thuốc.

## Đọc cho người hỗ trợ nghe
report-app-version = Ứng dụng { $version }
report-app = Lõi Sổ Khỏe { $version }, sổ { $book }, tài khoản { $account }
report-clock = Đồng hồ điện thoại: { $when }
report-phone = { $persons } người, { $clinics } cơ sở khám
report-network-none = Mạng: không có
report-network-metered = Mạng: dữ liệu di động
report-network-unmetered = Mạng: Wi-Fi
report-battery-low = Pin: yếu
report-battery-good = Pin: đủ
report-data = Dữ liệu: hôm nay dùng { $today } MB, còn { $left } MB
report-person = Người thứ { $number }
report-person-closed = Người thứ { $number }: không mở được, mã { $code }
report-storage = Bộ nhớ: sổ { $books } MB, tài liệu { $documents } MB
report-documents = Tài liệu: { $used } trên { $budget } MB
report-clinic = Cơ sở { $code }: đầy đủ lúc { $when }
report-never = chưa lần nào
report-trouble = Lỗi gần nhất: { $code }
report-left-alone = Tạm nghỉ đến { $when }
report-waiting = Đang chờ: { $count }
report-sending = Trong đó đang gửi: { $count }
report-parked = Bị giữ lại: { $count }
report-refused = Cơ sở không nhận: { $count }
report-conflicts = Cần quyết định: { $count }
report-set-aside = Không đọc được: { $count }
report-codes = Mã: { $codes }
report-clock-same = Đồng hồ khớp với cơ sở khám
report-clock-ahead = Đồng hồ nhanh hơn cơ sở khám { $span }
report-clock-behind = Đồng hồ chậm hơn cơ sở khám { $span }
report-span = { $days } ngày { $hours } giờ { $minutes } phút
report-end = Hết: phía trên có { $lines } dòng, mã kiểm { $code }

## Các phần của sổ
section-results = Kết quả xét nghiệm
section-medicines = Thuốc
section-visits = Lần khám
section-images = Hình ảnh (X-quang, CT, siêu âm)
section-vaccines = Tiêm chủng
section-measurements = Chỉ số (huyết áp, đường huyết, cân nặng)
section-documents = Giấy tờ
section-allergies-and-conditions = Dị ứng, Bệnh đang theo dõi
section-appointments = Lịch khám
section-invoices = Phiếu thu viện phí
section-procedures = Thủ thuật, phẫu thuật
source-own = Của tôi

## Tài liệu kèm theo
attachment-untitled = Tài liệu
attachment-inline = Có trong sổ, xem được khi không có mạng
attachment-here = Đã tải về, xem được khi không có mạng
attachment-at-clinic = Đang ở bệnh viện. Cần có mạng để tải về.
attachment-gone = Bệnh viện không còn tài liệu này. Hãy hỏi quầy tiếp đón nếu cần bản sao.
attachment-own-lost = Bị hỏng trên điện thoại này và không mở được nữa. Nếu bạn còn giữ, hãy thêm lại.
attachment-elsewhere = Nằm ở nơi khác, không phải bệnh viện này. Sổ Khỏe không tải về.

## Lỗi: điều đã xảy ra, điều được giữ, việc có thể làm
error-offline = Không liên lạc được với bệnh viện. Mọi thứ đã lưu vẫn còn trên điện thoại. Hãy thử lại khi có mạng.
error-bad-answer = Câu trả lời của bệnh viện không đọc được ({ $what }). Sổ không thay đổi. Có thể mạng Wi-Fi cần đăng nhập; hãy thử lại sau.
error-takes-no-bookings = Bệnh viện này không nhận đặt lịch qua ứng dụng. Chưa có lịch nào được đặt. Hãy gọi điện để đặt.
error-busy = Bệnh viện đang quá tải hoặc chưa liên lạc được. Mọi thứ vẫn còn. Hãy thử lại sau { $seconds } giây.
error-not-enrolled = Bệnh viện không còn nhận ra điện thoại này. Sổ vẫn đọc được. Hãy xin mã QR mới ở quầy tiếp đón.
error-enrolment-not-ours = Đây không phải mã đăng ký của Sổ Khỏe. Hãy quét mã do quầy tiếp đón đưa.
error-enrolment-altered = Mã đăng ký bị sửa hoặc không đầy đủ. Hãy xin mã mới ở quầy tiếp đón.
error-enrolment-expired = Mã đăng ký đã hết hạn. Hãy xin mã mới ở quầy tiếp đón.
error-enrolment-unknown = Bệnh viện không biết mã này. Hãy xin mã mới ở quầy tiếp đón.
error-enrolment-used = Mã này đã được dùng trên điện thoại khác. Hãy xin mã mới ở quầy tiếp đón.
error-enrolment-other-clinic = Nơi trả lời không phải bệnh viện đã tạo mã. Không có gì được lưu. Hãy hỏi quầy tiếp đón.
error-enrolment-newer-version = Mã này dành cho ứng dụng mới hơn. Hãy cập nhật Sổ Khỏe rồi quét lại.
error-not-found = Không có mục này trên điện thoại.
error-validation = Giá trị không hợp lệ: { $field } ({ $rule }).
error-untrusted-payment = DỪNG LẠI: phiếu thu này không có chữ ký đúng của bệnh viện ({ $reason }). Không thanh toán. Hãy hỏi quầy thu ngân.
error-move-not-ours = Đây không phải mã chuyển điện thoại của Sổ Khỏe. Hãy quét mã trên điện thoại kia.
error-move-altered = Mã chuyển điện thoại bị sửa hoặc không đầy đủ. Không có gì thay đổi. Hãy quét lại.
error-move-expired = Mã chuyển điện thoại đã hết hạn. Không có gì thay đổi. Hãy tạo mã mới trên điện thoại mới và xem giờ của hai máy có đúng không.
error-move-newer-version = Điện thoại kia dùng ứng dụng mới hơn. Hãy cập nhật Sổ Khỏe trên cả hai máy rồi làm lại.
error-move-not-empty = Điện thoại này đã có sổ. Chỉ chuyển được sang điện thoại chưa có sổ nào. Không có gì thay đổi.
error-move-nothing = Điện thoại này chưa có sổ nào để chuyển.
error-move-too-large = Tài khoản này quá lớn để chuyển bằng mã QR. Hãy đăng ký điện thoại mới ở quầy tiếp đón.
error-move-other-request = Mã này dành cho lần chuyển khác. Không có gì thay đổi. Hãy quét mã trên điện thoại mới bằng điện thoại cũ rồi làm lại.
error-move-no-request = Điện thoại này chưa tạo mã để nhận sổ. Hãy bắt đầu lại trên điện thoại mới.
error-move-damaged = Đã nhận đủ mã nhưng không mở được. Không có gì thay đổi. Hãy tạo mã mới trên điện thoại mới rồi làm lại.
error-move-moved = Sổ đã được chuyển sang điện thoại khác. Ở đây chỉ còn xem được. Hãy dùng điện thoại mới.
error-cannot-write = Không ghi được tệp vào chỗ này. Sổ vẫn còn nguyên. Hãy chọn chỗ khác.
error-cannot-write-exists = Đã có tệp cùng tên. Tệp cũ được giữ nguyên. Hãy chọn tên khác.
error-document-not-here = Tài liệu chưa có trên điện thoại. Hãy tải về khi có mạng.
error-document-gone = Bệnh viện không còn tài liệu này. Sổ không thay đổi. Hãy hỏi quầy tiếp đón nếu cần bản sao.
error-document-elsewhere = Tài liệu nằm ở nơi khác, không phải bệnh viện này, nên không được tải về. Hãy hỏi quầy tiếp đón nếu cần bản sao.
error-document-too-large = Tài liệu quá lớn để lưu trên điện thoại. Sổ không thay đổi. Hãy xin bản in ở bệnh viện.
error-document-no-room = Hết chỗ dành cho tài liệu của sổ này. Những gì đã lưu vẫn còn. Hãy tăng chỗ dành cho tài liệu rồi tải lại.
error-document-damaged = Tài liệu lưu trên điện thoại bị hỏng và không cơ sở nào còn bản khác. Các phần khác của sổ vẫn còn nguyên. Nếu là giấy tờ của bạn và bạn còn giữ, hãy thêm lại; nếu không, hãy hỏi quầy tiếp đón nếu cần bản sao.
error-document-other-content = Bệnh viện gửi đến không đúng tài liệu ghi trong sổ nên không được lưu. Hãy cập nhật sổ rồi tải lại; nếu vẫn vậy, hãy báo bệnh viện.
error-document-unreadable = Tài liệu trong sổ không đọc được. Các phần khác của sổ vẫn còn nguyên. Hãy báo bệnh viện.
error-document-data-used-up = Đã dùng hết mức dữ liệu di động cho phép. Sổ vẫn nguyên. Hãy tải tài liệu khi có Wi-Fi, hoặc cho phép dùng thêm hôm nay.
error-cannot-read = Không đọc được tệp này. Chưa có gì được lưu. Hãy chọn lại.
error-documents-full = Không đủ chỗ cho giấy tờ này: còn thiếu { $missing } MB. Chưa có gì được lưu. Hãy cho giấy tờ thêm chỗ hoặc xóa bớt giấy tờ tự thêm.
error-unsent = Bệnh viện chưa nhận được { $count } lịch hẹn hoặc số đo của bạn. Nếu bỏ bệnh viện này, những điều đó sẽ mất. Chưa có gì thay đổi.
error-key-store-locked = Điện thoại đang khóa. Sổ vẫn còn nguyên. Hãy mở khóa rồi thử lại.
error-key-store-user-cancelled = Chưa mở khóa sổ. Sổ vẫn còn nguyên. Hãy thử lại.
error-key-store-transient = Điện thoại chưa trả lời. Sổ vẫn còn nguyên. Hãy thử lại.
error-key-store-invalidated = Khóa của sổ không dùng được nữa. Sổ vẫn còn nguyên. Hãy dùng mã khôi phục hoặc đăng ký lại ở quầy.
error-key-store-missing = Không tìm thấy khóa của sổ. Sổ vẫn còn nguyên. Hãy dùng mã khôi phục hoặc đăng ký lại ở quầy.
error-recovery-code-mistyped = Mã khôi phục bị gõ sai. Chưa có gì thay đổi. Hãy xem lại từng nhóm bốn ký tự.
error-recovery-code-newer-version = Mã khôi phục do ứng dụng mới hơn tạo ra. Chưa có gì thay đổi. Hãy cập nhật ứng dụng.
error-recovery-code-wrong = Mã này không mở được sổ. Chưa có gì thay đổi. Hãy dùng mã khôi phục được tạo gần đây nhất.
error-recovery-code-none-made = Sổ này chưa có mã khôi phục. Sổ vẫn còn nguyên. Hãy đăng ký lại ở quầy.
error-disk-full = Điện thoại hết chỗ trống. Những gì đã lưu vẫn còn. Hãy xóa bớt ảnh, video rồi thử lại.
error-damaged-book = Không mở được sổ trên điện thoại này. Sổ được giữ nguyên như vậy. Hãy liên hệ bệnh viện để tải lại.
error-upgrade-required = Sổ do phiên bản mới hơn ghi. Hãy cập nhật ứng dụng.
error-paused = Ứng dụng đang tạm nghỉ. Những gì đã lưu vẫn còn. Hãy mở lại ứng dụng.
error-cancelled = Đã dừng theo yêu cầu.
error-internal = Có lỗi trong ứng dụng (mã { $code }). Những gì đã lưu vẫn còn.

## Chi tiết
field-status = Trạng thái
field-value = Giá trị
field-performer = Người thực hiện
field-dosage = Liều dùng
field-note = Ghi chú
field-referenceRange = Mức tham chiếu
field-interpretation = Nhận định
field-effective = Thời điểm
field-issued = Ngày trả kết quả
field-category = Loại
field-code = Tên
field-reason = Lý do
field-period = Thời gian
field-location = Nơi
field-quantity = Số lượng
field-route = Đường dùng
field-method = Phương pháp
field-conclusion = Kết luận

## Trạng thái FHIR
status-registered = Đã nhận, chưa có kết quả
status-preliminary = Kết quả sơ bộ
status-final = Đã có kết quả
status-amended = Đã sửa đổi
status-corrected = Đã đính chính
status-active = Đang dùng, đang theo dõi
status-on-hold = Tạm ngừng
status-completed = Đã xong
status-stopped = Đã ngừng
status-cancelled = Đã hủy
status-planned = Dự kiến
status-arrived = Đã đến
status-in-progress = Đang thực hiện
status-finished = Đã kết thúc
status-booked = Đã đặt
status-issued = Đã lập
status-balanced = Đã thanh toán
status-current = Hiện hành
status-not-done = Không thực hiện

## Mã đã quét
scan-payment = Mã thanh toán VietQR. Hãy kiểm tra tên người nhận trong ứng dụng ngân hàng trước khi trả tiền.
scan-other-payment = Mã thanh toán nhưng không phải VietQR. Hãy mở bằng đúng ứng dụng của mã này.
scan-citizen-card = Căn cước công dân.
scan-citizen-number = Số căn cước công dân.
scan-insurance-card = Thẻ bảo hiểm y tế.
scan-insurance-number = Số thẻ bảo hiểm y tế.
scan-enrolment = Mã ghi danh của bệnh viện. Chỉ tiếp tục khi quầy tiếp đón đưa mã này cho bạn.
scan-invitation = Có người nhờ bạn giúp quản lý sổ sức khỏe.
scan-share = Tài liệu được chia sẻ. Chỉ mở khi bạn đồng ý.
scan-ticket = Phiếu hẹn khám. Hãy đưa cho máy quét tại bệnh viện.
scan-move-request = Điện thoại mới xin nhận sổ của bạn. Chỉ tiếp tục khi đó là điện thoại của bạn và đang ở trước mặt bạn.
scan-move-parcel = Một phần sổ đang được chuyển sang điện thoại mới. Hãy quét bằng điện thoại mới.
scan-url = Địa chỉ trang web. Chưa mở.
scan-unknown-unrecognised = Ứng dụng không biết loại mã này.
scan-unknown-empty = Mã này không có nội dung.
scan-unknown-too-long = Nội dung dài hơn mọi mã QR.
scan-unknown-payment = DỪNG LẠI: mã thanh toán này bị hỏng hoặc đã bị sửa. Không trả tiền bằng mã này. Hãy quét lại hoặc hỏi quầy thu ngân.
scan-unknown-citizen-card = Giống mã căn cước nhưng không đọc được. Hãy quét lại.
scan-unknown-insurance-card = Giống mã thẻ bảo hiểm y tế nhưng không đọc được. Hãy quét lại.
scan-unknown-bad-health-link = Giống mã chia sẻ tài liệu nhưng không đọc được. Hãy xin mã mới.
scan-unknown-newer-version = Mã này dành cho ứng dụng mới hơn. Hãy cập nhật Sổ Khỏe rồi quét lại.
scan-unknown-malformed = Mã không đầy đủ. Hãy quét lại hoặc xin mã mới.
scan-unknown-altered = Mã đã bị sửa. Không dùng mã này. Hãy xin mã mới.
scan-unknown-expired = Mã đã hết hạn. Hãy xin mã mới.
scan-warning-unknown-bank = Ngân hàng này không có trong danh sách.
scan-warning-unknown-service = Không biết loại thanh toán này.
scan-warning-foreign-country = Không phải mã của Việt Nam.
scan-warning-fee = Thông tin phí trong mã mâu thuẫn nhau.
scan-warning-contradictory = Các phần của mã mâu thuẫn nhau: mỗi ứng dụng có thể đọc một kiểu.
scan-warning-letters = Mã có ký tự mà các ứng dụng đọc khác nhau.
scan-warning-unknown-province = Số bắt đầu bằng mã tỉnh không có.
scan-warning-sex-differs = Giới tính trên thẻ khác với trong số.
scan-warning-birth-year-differs = Năm sinh trên thẻ khác với trong số.
scan-warning-unknown-sex = Không đọc được giới tính.
scan-warning-odd-old-number = Số chứng minh cũ không đúng dạng.
scan-warning-issued-before-birth = Ngày cấp trước ngày sinh.
scan-warning-odd-field-count = Thẻ có số mục khác thường.
scan-warning-unknown-object = Nhóm đối tượng trong số thẻ không có trong danh sách.
scan-warning-level-differs = Mức hưởng trên thẻ khác với trong số.
scan-warning-unknown-level = Không biết mức hưởng này.
scan-warning-ends-before-it-begins = Ngày hết hạn trước ngày bắt đầu.
scan-warning-could-be-phone = Số này cũng có thể là số điện thoại.
scan-warning-not-signed = Không có chữ ký của bệnh viện: ai cũng có thể tạo mã này.
scan-warning-signer-unknown = Điện thoại này không biết bệnh viện đã ký: tên có thể là giả.
payee-matches = Mã này chuyển tiền đúng cho bệnh viện, như bệnh viện đã ký cho phiếu thu này.
payee-stop = DỪNG LẠI: mã này không phải của bệnh viện cho phiếu thu này ({ $what }). Không trả tiền bằng mã này. Hãy dùng mã trong ứng dụng hoặc hỏi quầy thu ngân.
payee-not-vietqr = không phải mã VietQR
payee-bank = khác ngân hàng
payee-account = khác số tài khoản
payee-amount = khác số tiền
payee-reference = khác mã tham chiếu
payee-extra = có phí hoặc người nhận khác

## Chuyển sang điện thoại mới
move-erase-old-phone = Khi điện thoại mới đã có sổ, hãy xóa Sổ Khỏe trên điện thoại cũ: sổ trên máy cũ vẫn đọc được cho đến khi bị xóa.
move-own-documents-stay = Giấy tờ tự thêm không được chuyển theo. Trước khi xóa máy cũ, hãy lưu sổ trên máy đó thành tệp FHIR: giấy tờ tự thêm nằm trong tệp.

## Sổ in ra
export-title = Sổ sức khỏe
export-in-the-clear = Tệp này không khóa: ai có tệp cũng đọc được. Hãy giữ như giữ giấy tờ y tế, chỉ gửi cho người bạn tin, và xóa khi không cần nữa.
export-born = Sinh { $date }
export-gender-male = Nam
export-gender-female = Nữ
export-gender-other = Giới tính khác
export-made = Lập lúc { $when }
export-summary = Tóm tắt
export-allergies = Dị ứng
export-conditions = Bệnh đang có
export-medicines-now = Thuốc đang dùng
export-out-of-range = Kết quả gần nhất ngoài mức bình thường
export-none-told = Chưa có cơ sở y tế nào ghi.
export-more = … và { $count } mục nữa trong sổ.
export-bookings = Lịch hẹn sắp tới
export-contents = Trong sổ có
export-nothing = Sổ chưa có gì. Hãy đồng bộ khi có mạng.
export-column-when = Khi nào
export-column-what = Nội dung
export-column-value = Kết quả
export-column-range = Mức tham chiếu
export-column-detail = Chi tiết
export-column-status = Trạng thái
export-no-date = Không rõ ngày
export-from = { $clinic }, nhận ngày { $date }
export-high = cao
export-low = thấp
export-abnormal = bất thường
export-trends = Diễn biến
export-trends-text = Mỗi hình là một chỉ số theo thời gian, mới nhất ở bên phải. Dải xanh là mức tham chiếu của lần đo mới nhất.
export-curve-range = tham chiếu { $range }
export-sources = Nguồn
export-sources-text = Mọi mục trong sổ đến từ những nơi sau. Bên cạnh mỗi ngày có tên nơi đó và ngày điện thoại nhận được.
export-set-aside = { $count } hồ sơ điện thoại không đọc được nên không có trong bản in này. Hồ sơ gốc vẫn được giữ; có thể hỏi lại nơi gửi.
export-end = Hết sổ. Lập bằng Sổ Khỏe từ những gì các cơ sở y tế gửi và những gì tự thêm, không thay cho hồ sơ gốc ở đó.

## Tự ghi
reading-blood-pressure = Huyết áp
reading-pulse = Nhịp tim
reading-glucose = Đường huyết
reading-weight = Cân nặng
reading-temperature = Nhiệt độ cơ thể
reading-oxygen-saturation = SpO2 (độ bão hòa oxy trong máu)
change-waiting = Chờ mạng. Sẽ tự gửi.
change-sending = Đang gửi cho bệnh viện…
change-refused = Bệnh viện không nhận ({ $code }). Bạn có thể sửa lại hoặc bỏ đi.
change-conflict = Bệnh viện cũng đã sửa chỗ này. Hãy chọn nội dung đúng.
conflict-telecom = Số điện thoại, email
conflict-address = Địa chỉ
conflict-contact = Người liên hệ
conflict-communication = Ngôn ngữ
conflict-valueQuantity = Kết quả đo
conflict-component = Kết quả đo
conflict-effectiveDateTime = Thời điểm đo
conflict-note = Ghi chú
conflict-other = Nội dung khác
conflict-nothing = (không có)
