/**
 * The words by which mail programs mark what they quote, in the languages of their users. Data only; compared in lower
 * case. A language that is missing here still works where a program quotes with ">" and writes an address and a date.
 */

/** What stands in a line that says who wrote what follows: "On … Ann wrote:". */
export const WROTE: readonly string[] =
  "wrote|writes|schrieb|schreibt|geschrieben|a écrit|écrit|a ecrit|escribió|escribio|escribía|ha scritto|scritto|escreveu|schreef|geschreven|skrev|skreiv|kirjoitti|napisał|napisała|napisał(a)|pisze|napsal|napsala|napsal(a)|píše|napísal|napísala|napísal(a)|написал|написала|пишет|пише|написав|написа|yazdı|yazmış|şunları yazdı|írta|ezt írta|a scris|έγραψε|đã viết|menulis|kirjutas|rašė|rakstīja|je napisao|je napisala|je napisal|ha escrit|のメッセージ|書きました|が書いた|wrote：|写道|寫道|写到|作成|작성|님이 작성|כתב|כתבה|كتب|كتبت|เขียนว่า|skrifaði".split(
    "|",
  );

/** How such a line begins. */
export const ON: readonly string[] =
  "on |am |le |el |il |em |op |den |dne |dňa |dnia |w dniu |no dia |a |la |pe |på |vào |pada |στις |in data |il giorno |tarihinde |в |у |на |в письме|ti |ma |ke |to |su |在 |于 |於 |ב|في ".split(
    "|",
  );

/** Words for "from" that begin the header block of a quoted mail. */
const FROM =
  "from|von|de|da|van|från|fra|lähettäjä|od|от|від|kimden|gönderen|差出人|送信者|发件人|發件人|寄件者|보낸 사람|보낸사람|feladó|de la|expéditeur|από|từ|dari|mittente|remitente|remetente|отправитель|відправник|absender|avsändare|afzender|nadawca|odesílatel|מאת|من|จาก|saatja|nuo|pošiljatelj";
const DATE =
  "sent|date|gesendet|datum|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada em|enviado em|fecha|data|inviato|data invio|verzonden|skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|wysłane|odesláno|odoslané|отправлено|дата|надіслано|відправлено|gönderildi|gönderme tarihi|tarih|送信日時|日付|日時|发送时间|發送時間|寄件日期|傳送時間|日期|보낸 날짜|날짜|elküldve|dátum|trimis|εστάλη|ημερομηνία|đã gửi|ngày|dikirim|tanggal|נשלח|تاريخ الإرسال|ส่ง|saadetud|išsiųsta|nosūtīts|poslano";
const TO =
  "to|an|à|a|para|per|naar|aan|till|til|vastaanottaja|do|komu|кому|kime|alıcı|宛先|收件人|收件者|받는 사람|받는사람|címzett|către|destinataire|destinatario|προς|đến|kepada|empfänger|adresat|אל|إلى|ถึง|kellele|kam|za|cc|kopie|kopia|kopi|копия|копія|copie|抄送|副本|참조|bilgi";
const SUBJECT =
  "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|ämne|emne|aihe|temat|předmět|predmet|тема|konu|件名|主题|主題|主旨|제목|tárgy|subiect|θέμα|chủ đề|subjek|perihal|נושא|الموضوع|เรื่อง|teema|tema|zadeva";

export type HeaderLabel = "from" | "date" | "to" | "subject";

/** What a label of a quoted mail's header block means. */
export const HEADER_LABELS: ReadonlyMap<string, HeaderLabel> = new Map([
  ...TO.split("|").map((word): [string, HeaderLabel] => [word, "to"]),
  ...SUBJECT.split("|").map((word): [string, HeaderLabel] => [word, "subject"]),
  ...DATE.split("|").map((word): [string, HeaderLabel] => [word, "date"]),
  ...FROM.split("|").map((word): [string, HeaderLabel] => [word, "from"]),
]);

/** What a line between dashes says in front of the quoted original. Not of a forwarded one: that is what its sender wants to show. */
export const ORIGINAL: ReadonlySet<string> = new Set(
  "original message|ursprüngliche nachricht|originalnachricht|original-nachricht|message d'origine|message original|message d’origine|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|origineel bericht|ursprungligt meddelande|originalmeddelande|originalmelding|opprinnelig melding|oprindelig meddelelse|oprindelig besked|original besked|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|původní zpráva|původní e-mail|pôvodná správa|исходное сообщение|оригинальное сообщение|оригінальне повідомлення|orijinal ileti|orijinal mesaj|özgün ileti|original appointment|元のメッセージ|原始邮件|原始郵件|邮件原件|원본 메시지|원본 메일|eredeti üzenet|mesaj original|mesajul original|αρχικό μήνυμα|thư gốc|pesan asli|הודעה מקורית|الرسالة الأصلية|reply message|urspr. nachricht".split(
    "|",
  ),
);

/** The same of a mail that is handed on: what its sender wants to show. */
export const FORWARDED: readonly string[] =
  "forwarded message|weitergeleitete nachricht|weitergeleitete mail|anfang der weitergeleiteten|message transféré|message transmis|début du message|mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht|begin doorgestuurd bericht|vidarebefordrat meddelande|videresendt|välitetty viesti|edelleenlähetetty|przekazana wiadomość|wiadomość przekazana|přeposlaná zpráva|preposlaná správa|пересылаемое сообщение|пересланное сообщение|переслане повідомлення|yönlendirilmiş|iletilen ileti|転送されたメッセージ|转发的邮件|转发邮件|轉寄郵件|전달된 메시지|továbbított üzenet|mesaj redirecționat".split(
    "|",
  );

/** How the line begins that telephones and some programs put under a mail. */
export const SENT_FROM: readonly string[] =
  "sent from my |sent from mail for|sent from outlook|sent from yahoo|sent from proton|sent from samsung|sent from the all new aol|sent from a mobile|sent from gmail|sent via the samsung|sent with proton|sent with protonmail|sent using zoho|sent from bluemail|sent from spark|sent from nine|get outlook for|get bluemail for|sent from iphone|sent from ipad|von meinem |gesendet von |gesendet mit |von iphone gesendet|diese nachricht wurde von meinem|holen sie sich outlook|outlook für |envoyé de mon |envoyé depuis |envoyé à partir de |télécharger outlook|obtenez outlook|enviado desde mi |enviado desde outlook|enviado desde yahoo|enviado desde correo|obtener outlook|inviato da iphone|inviato da ipad|inviato dal mio |inviato da outlook|inviato da libero|scarica outlook|ottieni outlook|enviado do meu |enviado via iphone|enviado do yahoo|enviado do outlook|obter o outlook|obtenha o outlook|verzonden vanaf |verstuurd vanaf |verzonden vanuit |outlook voor |download outlook voor|skickat från min |skickat från mitt |skickat från outlook|hämta outlook|sendt fra min |sendt fra mit |sendt fra outlook|hent outlook|få outlook|lähetetty iphonesta|lähetetty ipadista|lähetetty outlook|lähetetty samsung|hanki outlook|wysłano z |wysłane z |pobierz aplikację outlook|odesláno z |odoslané z |získat outlook|získajte outlook|отправлено с |отправлено из |скачайте outlook|надіслано з |надіслано від |iphone'umdan gönderildi|ipad'imden gönderildi|iphone’umdan gönderildi|outlook uygulamasını edinin|android için outlook|iphoneから送信|ipadから送信|outlook for ios を入手|android 版 outlook|发自我的|發自我的|從我的|从我的|傳送自 |发送自 |获取 outlook|取得 outlook|나의 iphone에서 보냄|나의 ipad에서 보냄|내 iphone에서 보냄|ios용 outlook|iphone-ról küldve|iphone-omról küldve|az iphone|trimis de pe |εστάλη από το |đã gửi từ |dikirim dari |נשלח מה|أُرسلت من".split(
    "|",
  );

/** How a subject begins whose mail hands on another: that one is not trimmed away. Without "VS:", as that is an answer in Finnish. */
export const FORWARD_SUBJECT = /^\s*(?:fwd?|wg|tr|rv|enc|vl|vb|doorst|pd|pf|i|ilt|fs|转发|轉寄|転送|전달|пересл|перес)\s?(?:\[\d+\])?\s?[:：]/i;
