import { isEmailAddress } from "../../pipeline/email-address.ts";
import type { Named } from "./addresses.ts";

/**
 * The original sender of a mail that somebody has forwarded, from the block that mail programs put before the original:
 * a line that says so in the program's language, or a subject that begins with its "Fwd:", and then header lines. An
 * "Original Message" stands above what is answered as well, so it says nothing by itself; and what is quoted is part of
 * the conversation, except right below a line that says "forwarded", where Apple's programs quote the whole original.
 */
export function originalSender({ subject, text }: { subject: string; text: string }): Named | undefined {
  const lines = text.split("\n", MAX_LINES).map((line) => line.replace(/\*/g, "").trim());
  const marker = lines.findIndex((line) => line.length <= MAX_LINE && MARKERS.some((pattern) => pattern.test(line)));
  if (marker !== -1) return senderInBlock(below(lines, marker));
  if (FORWARDED_SUBJECT.test(subject)) return senderInBlock(lines);
  return FORWARDED_OR_ANSWERED.test(subject) ? senderInBlock(lines, "fra") : undefined;
}

/** What stands below that line, without the marks of a quote that begins there. */
function below(lines: readonly string[], marker: number): string[] {
  const rest = lines.slice(marker + 1);
  const isQuoted = rest.find((line) => line !== "")?.startsWith(">") === true;
  return isQuoted ? rest.map((line) => line.replace(/^>\s?/, "")) : rest;
}

/** A forwarded block stands at the beginning, or below what the forwarder has written. */
const MAX_LINES = 400;
const MAX_LINE = 200;
/** Header lines of a block stand together: From is followed by others within so many lines. */
const BLOCK_LINES = 8;

const MARKERS = [
  /^-{2,}\s*forwarded (message|mail)( by [^-]*)?\s*-{2,}$/i,
  /^begin forwarded message\s*:?$/i,
  /^-{2,}\s*weitergeleitete (nachricht|e-?mail|mail)\s*-{2,}$/i,
  /^anfang der weitergeleiteten (nachricht|e-?mail)\s*:?$/i,
  /^-{2,}\s*message (transféré|transmis)\s*-{2,}$/i,
  /^début du message (réexpédié|transféré)\s*:?$/i,
  /^-{2,}\s*mensaje reenviado\s*-{2,}$/i,
  /^inicio del mensaje reenviado\s*:?$/i,
  /^-{2,}\s*messaggio inoltrato\s*-{2,}$/i,
  /^inizio messaggio inoltrato\s*:?$/i,
  /^-{2,}\s*doorgestuurd bericht\s*-{2,}$/i,
  /^begin doorgestuurd bericht\s*:?$/i,
  /^-{2,}\s*mensagem encaminhada\s*-{2,}$/i,
  /^início da mensagem (encaminhada|reencaminhada)\s*:?$/i,
  /^-{2,}\s*(wiadomość przekazana|przekazana wiadomość)\s*-{2,}$/i,
  /^-{2,}\s*(пересылаемое|пересланное) (сообщение|письмо)\s*-{2,}$/i,
  /^-{2,}\s*(vidarebefordrat|videresendt) (meddelande|melding|besked|meddelelse)\s*-{2,}$/i,
  /^-{2,}\s*(välitetty viesti|iletilen mesaj|přeposlaná zpráva|továbbított üzenet)\s*-{2,}$/i,
  /^-{2,}\s*(转发的?邮件|轉寄郵件|転送メッセージ|전달된 메시지)\s*-{2,}$/i,
];
const FORWARDED_SUBJECT = /^\s*(fwd?|wg|wtr|tr|rv|i|enc|doorst|vb|vl|pd|továbbítás|ilt|转发|轉寄|転送|전달|пересл)\s*[:：]/iu;
/** Danish and Norwegian for "forwarded", Finnish for "answer": the block's own language tells. */
const FORWARDED_OR_ANSWERED = /^\s*vs\s*[:：]/i;
const FROM_LABEL = /^(from|von|de|da|van|od|från|fra|от|lähettäjä|feladó|kimden|发件人|寄件者|差出人|보낸 사람)\s*[:：]\s*(.+)$/iu;
const OTHER_LABEL =
  /^(date|sent|to|subject|cc|datum|gesendet|an|betreff|envoyé|à|objet|fecha|enviado|para|asunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|assunto|wysłano|do|temat|дата|отправлено|кому|тема|skickat|till|ämne|sendt|til|emne|lähetetty|aihe|tarih|kime|konu|předmět|komu|tárgy|发送时间|收件人|主题|日期|日時|宛先|件名|날짜|받는 사람|제목)\s*[:：]/iu;

/** `word`: for "from", where only one language's counts. */
function senderInBlock(lines: readonly string[], word?: string): Named | undefined {
  for (const [index, line] of lines.entries()) {
    const [, label, given] = (line.length <= MAX_LINE && FROM_LABEL.exec(line)) || [];
    if (given === undefined || (word !== undefined && label?.toLowerCase() !== word)) continue;
    const isBlock = lines.slice(Math.max(index - 3, 0), index + BLOCK_LINES).some((other) => OTHER_LABEL.test(other));
    const named = isBlock ? readNamed(given) : undefined;
    if (named) return named;
  }
  return undefined;
}

/** `Name <address>`, `Name [mailto:address]`, `address`. */
function readNamed(text: string): Named | undefined {
  const address = /[^\s<>[\]()"',;:]+@[^\s<>[\]()"',;:]+/.exec(text)?.[0];
  if (address === undefined || !isEmailAddress(address)) return undefined;
  const name = text
    .slice(0, text.indexOf(address))
    .replace(/(mailto:|[<[("'])+\s*$/i, "")
    .replace(/^["'\s]+|["'\s]+$/g, "");
  return { name, address };
}
