/** What mail programs write when they report in words, with names and addresses made up. */

export const QMAIL = `Hi. This is the qmail-send program at e.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<gone@e.test>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 no such user
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <support@ours.test>
Message-ID: <ot.7.opened.abc@ours.test>
To: other@e.test
`;
export const EXIM = `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  gone@e.test
    host mx.e.test [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<gone@e.test>:
    550 5.1.1 no such user

------ This is a copy of the message, including all the headers. ------

Message-Id: <ot.7.opened.abc@ours.test>
`;
export const POSTFIX = `This is the mail system at host mx.e.test.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

                   The mail system

<gone@e.test>: host mx.e.test[192.0.2.1] said: 550 5.1.1
    <gone@e.test>: Recipient address rejected: no such user (in reply to RCPT TO command)
`;
export const SENDMAIL = `The original message was received at Mon, 5 May 2025 10:00:00 +0200
from ours.test [192.0.2.9]

   ----- The following addresses had permanent fatal errors -----
<gone@e.test>
    (reason: 550 5.1.1 <gone@e.test>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.e.test.:
550 5.1.1 <gone@e.test>... User unknown
`;
export const EXCHANGE = `Delivery has failed to these recipients or groups:

Ann Lee (gone@e.test)<mailto:gone@e.test>
The email address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: mx.e.test
gone@e.test
Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'

Original message headers:

From: Support <support@ours.test>
Message-ID: <ot.7.opened.abc@ours.test>
`;
export const OLD_EXCHANGE = `Your message did not reach some or all of the intended recipients.

      Subject:	Printer
      Sent:	5/5/2025 10:00 AM

The following recipient(s) cannot be reached:

      gone@e.test on 5/5/2025 10:01 AM
            The e-mail account does not exist at the organization this message was sent to.
            <mx.e.test #5.1.1>
`;
