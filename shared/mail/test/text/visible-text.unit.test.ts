import { describe, expect, it } from "vitest";
import { REPLY_MARKER, visibleText } from "../../src/text/visible-text.ts";

const QUOTE = "> The old text.\n>\n> Ann\n";

describe("quotes at the end", () => {
  it.each([
    ["Gmail", "On Mon, May 5, 2025 at 10:00 AM Ann Lee <ann@e.test> wrote:"],
    ["Gmail, wrapped", "On Mon, May 5, 2025 at 10:00 AM Ann Lee\n<ann@e.test> wrote:"],
    ["Gmail, wrapped before its last word", "On Mon, May 5, 2025 at 10:00 AM Ann With A Very Long Name <ann@e.test>\nwrote:"],
    ["Apple Mail", "On 5 May 2025, at 10:00, Ann Lee <ann@e.test> wrote:"],
    ["Thunderbird", "Ann Lee wrote on 5/5/25 10:00 AM:"],
    ["German", "Am 05.05.25 um 10:00 schrieb Ann Lee:"],
    ["German of Gmail", "Am Mo., 5. Mai 2025 um 10:00 Uhr schrieb Ann Lee <ann@e.test>:"],
    ["French", "Le lun. 5 mai 2025 à 10:00, Ann Lee <ann@e.test> a écrit :"],
    ["Spanish", "El lun, 5 may 2025 a las 10:00, Ann Lee (<ann@e.test>) escribió:"],
    ["Italian", "Il giorno lun 5 mag 2025 alle ore 10:00 Ann Lee <ann@e.test> ha scritto:"],
    ["Portuguese", "Em seg., 5 de mai. de 2025 às 10:00, Ann Lee <ann@e.test> escreveu:"],
    ["Dutch", "Op ma 5 mei 2025 om 10:00 schreef Ann Lee <ann@e.test>:"],
    ["Swedish", "Den mån 5 maj 2025 kl 10:00 skrev Ann Lee <ann@e.test>:"],
    ["Danish", "Den man. 5. maj 2025 kl. 10.00 skrev Ann Lee <ann@e.test>:"],
    ["Norwegian", "man. 5. mai 2025 kl. 10:00 skrev Ann Lee <ann@e.test>:"],
    ["Finnish", "ma 5. toukok. 2025 klo 10.00 Ann Lee (ann@e.test) kirjoitti:"],
    ["Polish", "pon., 5 maj 2025 o 10:00 Ann Lee <ann@e.test> napisał(a):"],
    ["Czech", "po 5. 5. 2025 v 10:00 odesílatel Ann Lee <ann@e.test> napsal:"],
    ["Russian", "пн, 5 мая 2025 г. в 10:00, Ann Lee <ann@e.test>:"],
    ["Ukrainian", "пн, 5 трав. 2025 р. о 10:00 Ann Lee <ann@e.test> пише:"],
    ["Turkish", "Ann Lee <ann@e.test>, 5 May 2025 Pzt, 10:00 tarihinde şunu yazdı:"],
    ["Hungarian", "Ann Lee <ann@e.test> ezt írta (időpont: 2025. máj. 5., H, 10:00):"],
    ["Japanese", "2025年5月5日(月) 10:00 Ann Lee <ann@e.test>:"],
    ["Chinese", "Ann Lee <ann@e.test> 于2025年5月5日周一 10:00写道："],
    ["Korean", "2025년 5월 5일 (월) 오전 10:00, Ann Lee <ann@e.test>님이 작성:"],
    ["a language without words here", "5-5-2025 10:00 xyz Ann Lee <ann@e.test>:"],
  ])("%s", (_what, attribution) => {
    expect(visibleText(`Thank you.\n\n${attribution}\n\n${QUOTE}`)).toBe("Thank you.");
  });

  it.each([
    ["without a word who wrote", `Thank you.\n\n${QUOTE}`],
    ["with spaces in front", "Thank you.\n\n > old\n > older"],
    ["with a signature above", `Thank you.\n-- \nBob\nExample Inc.\n\nOn 5 May 2025 Ann wrote:\n${QUOTE}`],
    ["with a signature below", `Thank you.\n\nOn 5 May 2025 Ann wrote:\n${QUOTE}\n-- \nBob`],
    ["with a telephone's line", `Thank you.\n\nSent from my iPhone\n\n> On 5 May 2025, at 10:00, Ann wrote:\n>\n${QUOTE}`],
    ["above which it stands", `On 5 May 2025 Ann wrote:\n${QUOTE}\nThank you.`],
    ["quoted without marks", "Thank you.\n\nOn Monday, May 5, 2025 at 10:00:00 AM GMT+2, Ann Lee <ann@e.test> wrote:\n\n The old text.\n Ann"],
    ["below our own line", `Thank you.\n\nOn 5 May 2025 Support wrote:\n${REPLY_MARKER}\nDear Bob`],
  ])("%s", (_what, text) => {
    expect(visibleText(text)).toBe("Thank you.");
  });
});

describe("whole originals below", () => {
  it.each([
    ["Outlook", "From: Ann Lee <ann@e.test>\nSent: Monday, May 5, 2025 10:00 AM\nTo: Support\nSubject: Printer"],
    ["Outlook, with bold labels", "*From:* Ann Lee <ann@e.test>\n*Sent:* Monday, May 5, 2025 10:00 AM\n*To:* Support\n*Subject:* Printer"],
    ["Outlook on a telephone", "________________________________\nFrom: Ann Lee\nSent: Monday, May 5, 2025 10:00:00 AM\nTo: Support\nSubject: Printer"],
    ["German", "Von: Ann Lee <ann@e.test>\nGesendet: Montag, 5. Mai 2025 10:00\nAn: Support\nBetreff: Drucker"],
    ["French", "De : Ann Lee <ann@e.test>\nEnvoyé : lundi 5 mai 2025 10:00\nÀ : Support\nObjet : Imprimante"],
    ["Spanish", "De: Ann Lee <ann@e.test>\nEnviado: lunes, 5 de mayo de 2025 10:00\nPara: Support\nAsunto: Impresora"],
    ["Italian", "Da: Ann Lee <ann@e.test>\nInviato: lunedì 5 maggio 2025 10:00\nA: Support\nOggetto: Stampante"],
    ["Dutch", "Van: Ann Lee <ann@e.test>\nVerzonden: maandag 5 mei 2025 10:00\nAan: Support\nOnderwerp: Printer"],
    ["Polish", "Od: Ann Lee <ann@e.test>\nWysłano: poniedziałek, 5 maja 2025 10:00\nDo: Support\nTemat: Drukarka"],
    ["Russian", "От: Ann Lee <ann@e.test>\nОтправлено: 5 мая 2025 г. 10:00\nКому: Support\nТема: Принтер"],
    ["Japanese", "差出人: Ann Lee <ann@e.test>\n送信日時: 2025年5月5日 10:00\n宛先: Support\n件名: プリンタ"],
    ["Chinese", "发件人: Ann Lee <ann@e.test>\n发送时间: 2025年5月5日 10:00\n收件人: Support\n主题: 打印机"],
    ["with many recipients", `From: Ann Lee <ann@e.test>\nSent: Monday, May 5, 2025 10:00 AM\nTo: Support;\n Bob;\n Carol\nSubject: Printer`],
    ["a dividing line", "-----Original Message-----\nanything"],
    ["a dividing line in German", "-----Ursprüngliche Nachricht-----\nirgendwas"],
    ["a dividing line with spaces", "-------- Original Message --------\nanything"],
  ])("%s", (_what, block) => {
    expect(visibleText(`Thank you.\n\n${block}\n\nThe old text.\n> older`)).toBe("Thank you.");
  });
});

describe("what is not a quote stays", () => {
  it.each([
    ["answers between quotes", "Ann wrote on 5 May:\n> Which printer?\nThe old one.\n> Which room?\nTwelve."],
    [
      "a forwarded mail",
      "See below.\n\n---------- Forwarded message ---------\nFrom: Ann <ann@e.test>\nDate: Mon, May 5, 2025\nSubject: Printer\nTo: Bob\n\nIt is broken.",
    ],
    [
      "a forwarded mail of Apple Mail",
      "See below.\n\nBegin forwarded message:\n\n> From: Ann <ann@e.test>\n> Subject: Printer\n> Date: 5 May 2025\n>\n> It is broken.",
    ],
    [
      "a forwarded mail in German",
      "Siehe unten.\n\n-------- Weitergeleitete Nachricht --------\nBetreff: Drucker\nDatum: 5. Mai 2025 10:00\nVon: Ann <ann@e.test>\nAn: Bob\n\nKaputt.",
    ],
    ["a request that looks like headers", "Please book:\nFrom: Berlin\nTo: Paris\nDate: 5 May\nThank you."],
    ["a line that ends in a colon", "On 5 May at 10:00 Ann wrote:\nthe printer is broken"],
    ["dashes below a column's name", "col\n--\nval1\nval2"],
    ["dashes below a column's name, and text below the table", "col\n--\nval1\nval2\n\nwhy is it wrong?"],
    ["dashes that divide a text of paragraphs", "step 1\n\n--\nstep 2\n\nIt fails."],
    ["dashes above a long line", `see\n\n--\n${"word ".repeat(40)}end`],
    ["dashes that divide a text", `a\n--\n${"line\n".repeat(40)}b`],
    ["a sentence about a telephone", "I sent it from my phone.\nSent from the warehouse, it never arrived."],
    ["nothing but a quote", "> The old text."],
    ["nothing but a signature", "-- \nBob"],
    ["blank text", " \n "],
  ])("%s", (_what, text) => {
    expect(visibleText(text)).toBe(text);
  });

  it("keeps the indentation of the first line", () => {
    expect(visibleText("\n  one\ntwo\n-- \nBob")).toBe("  one\ntwo");
  });

  it("trims the original under which a forwarded mail stands", () => {
    expect(visibleText("Thank you.\n\n-----Original Message-----\nx\n\n---------- Forwarded message ---------\ny")).toBe("Thank you.");
  });

  it("keeps the answers between quotes when the rest of the mail is quoted once more", () => {
    const answers = "> Which printer?\nThe old one.";
    expect(visibleText(`${answers}\n\nOn 5 May 2025 Ann wrote:\n${QUOTE}`)).toBe(answers);
  });

  it("keeps Outlook's header block when the subject says that the mail hands another on", () => {
    const text = "See below.\n\nFrom: Ann <ann@e.test>\nSent: Monday, May 5, 2025 10:00 AM\nTo: Bob\nSubject: Printer\n\nBroken.";
    expect(visibleText(text, { subject: "WG: Printer" })).toBe(text);
    expect(visibleText(text, { subject: "AW: Printer" })).toBe("See below.");
    expect(visibleText(text, { subject: "VS: Printer" })).toBe("See below.");
  });

  it.each([
    ["a dividing line", "-----Original Message-----\nFrom: Ann <ann@e.test>\nSubject: Printer"],
    ["a header block", "From: Ann <ann@e.test>\nSent: Monday, May 5, 2025 10:00 AM\nTo: Bob\nSubject: Printer"],
  ])("keeps the whole original below %s where it is asked to, and quotes of other mails go", (_what, block) => {
    const text = `See below.\n\n${block}\n\nBroken.`;
    expect(visibleText(text, { keepsOriginals: true })).toBe(text);
    expect(visibleText(`Thank you.\n\n${QUOTE}`, { keepsOriginals: true })).toBe("Thank you.");
  });
});

describe("signatures", () => {
  it.each([
    ["its line", "-- \nBob\nExample Inc."],
    ["its line without the space", "--\nBob"],
    ["English", "Sent from my iPhone"],
    ["English of Outlook", "Get Outlook for iOS<https://aka.ms/o0ukef>"],
    ["German", "Von meinem iPhone gesendet"],
    ["German of Samsung", "Gesendet von meinem Galaxy"],
    ["French", "Envoyé de mon iPhone"],
    ["Spanish", "Enviado desde mi iPhone"],
    ["Italian", "Inviato da iPhone"],
    ["Dutch", "Verstuurd vanaf mijn iPhone"],
    ["Swedish", "Skickat från min iPhone"],
    ["Polish", "Wysłano z iPhone'a"],
    ["Russian", "Отправлено с iPhone"],
    ["Turkish", "iPhone'umdan gönderildi"],
    ["Japanese", "iPhoneから送信"],
    ["Chinese", "发自我的iPhone"],
    ["Korean", "나의 iPhone에서 보냄"],
  ])("%s", (_what, signature) => {
    expect(visibleText(`It works.\n\n${signature}\n`)).toBe("It works.");
  });
});
