/* phrases.c - what the gateway says by itself where nobody configured it, in seven languages */
#include "phrases.h"

#include <string.h>

static const char *const langs[] = { "en", "de", "es", "fr", "pt", "it", "nl", NULL };

static const char *const phrases[][HG_SAY_N] = {
	{ "Thank you. Your request has the number ${number}.",
	  " You can expect an answer within ${expected}.",
	  "How did we do? Please answer with a number from 1 (poor) to 5 (very good).",
	  "Were you happy with our help? Please answer with 👍 or 👎.",
	  "Does that solve it? Please answer yes or no.",
	  "Which e-mail address may we use for your request? Please answer with the address.",
	  "You will get no more messages from this number. Reply START to get them again.",
	  "You will get our messages again. Reply STOP to end them.",
	  "This is ${company}. Write to us here and we will answer. Reply STOP to get no more messages.",
	  "You did not see our answer in the chat, so here it is:",
	  "Answer this mail and it comes to the same conversation.",
	  "Here is what was said in our conversation:" },
	{ "Vielen Dank. Ihre Anfrage hat die Nummer ${number}.",
	  " Sie bekommen innerhalb von ${expected} eine Antwort.",
	  "Wie zufrieden waren Sie mit uns? Bitte antworten Sie mit einer Zahl von 1 (schlecht) bis 5 (sehr gut).",
	  "Waren Sie mit unserer Hilfe zufrieden? Bitte antworten Sie mit 👍 oder 👎.",
	  "Ist Ihr Anliegen damit erledigt? Bitte antworten Sie mit Ja oder Nein.",
	  "Welche E-Mail-Adresse dürfen wir für Ihre Anfrage verwenden? Bitte antworten Sie mit der Adresse.",
	  "Sie bekommen von dieser Nummer keine Nachrichten mehr. Mit START bekommen Sie sie wieder.",
	  "Sie bekommen wieder Nachrichten von uns. Mit STOP beenden Sie das.",
	  "Hier ist ${company}. Schreiben Sie uns hier, wir antworten Ihnen. Mit STOP bekommen Sie keine Nachrichten mehr.",
	  "Sie haben unsere Antwort im Chat noch nicht gesehen, hier ist sie:",
	  "Antworten Sie auf diese E-Mail, dann geht dieselbe Unterhaltung weiter.",
	  "Hier ist der Verlauf unserer Unterhaltung:" },
	{ "Gracias. Su solicitud tiene el número ${number}.",
	  " Recibirá una respuesta en un plazo de ${expected}.",
	  "¿Qué tal lo hemos hecho? Responda, por favor, con un número del 1 (mal) al 5 (muy bien).",
	  "¿Le hemos ayudado bien? Responda, por favor, con 👍 o 👎.",
	  "¿Queda resuelto así? Responda, por favor, sí o no.",
	  "¿Qué dirección de correo electrónico podemos usar para su solicitud? Responda, por favor, con la dirección.",
	  "No recibirá más mensajes de este número. Responda START para volver a recibirlos.",
	  "Volverá a recibir nuestros mensajes. Responda STOP para no recibirlos.",
	  "Somos ${company}. Escríbanos aquí y le responderemos. Responda STOP para no recibir más mensajes.",
	  "No ha visto nuestra respuesta en el chat; aquí la tiene:",
	  "Responda a este correo y seguiremos en la misma conversación.",
	  "Esto es lo que se dijo en nuestra conversación:" },
	{ "Merci. Votre demande porte le numéro ${number}.",
	  " Vous recevrez une réponse sous ${expected}.",
	  "Êtes-vous satisfait de notre aide ? Merci de répondre par un chiffre de 1 (mauvais) à 5 (très bien).",
	  "Êtes-vous satisfait de notre aide ? Merci de répondre par 👍 ou 👎.",
	  "Est-ce que cela résout votre demande ? Merci de répondre par oui ou non.",
	  "Quelle adresse e-mail pouvons-nous utiliser pour votre demande ? Merci de répondre avec l'adresse.",
	  "Vous ne recevrez plus de messages de ce numéro. Répondez START pour en recevoir de nouveau.",
	  "Vous recevrez de nouveau nos messages. Répondez STOP pour ne plus en recevoir.",
	  "Ici ${company}. Écrivez-nous ici, nous vous répondrons. Répondez STOP pour ne plus recevoir de messages.",
	  "Vous n'avez pas vu notre réponse dans le chat ; la voici :",
	  "Répondez à cet e-mail pour continuer la même conversation.",
	  "Voici ce qui a été dit dans notre conversation :" },
	{ "Obrigado. O seu pedido tem o número ${number}.",
	  " Receberá uma resposta no prazo de ${expected}.",
	  "Como foi o nosso atendimento? Responda, por favor, com um número de 1 (mau) a 5 (muito bom).",
	  "Ficou satisfeito com a nossa ajuda? Responda, por favor, com 👍 ou 👎.",
	  "Isso resolve o seu pedido? Responda, por favor, sim ou não.",
	  "Que endereço de e-mail podemos usar para o seu pedido? Responda, por favor, com o endereço.",
	  "Não receberá mais mensagens deste número. Responda START para voltar a recebê-las.",
	  "Voltará a receber as nossas mensagens. Responda STOP para deixar de as receber.",
	  "Aqui ${company}. Escreva-nos aqui e responderemos. Responda STOP para não receber mais mensagens.",
	  "Não viu a nossa resposta no chat; aqui está ela:",
	  "Responda a este e-mail e a mesma conversa continua.",
	  "Aqui está o que foi dito na nossa conversa:" },
	{ "Grazie. La sua richiesta ha il numero ${number}.",
	  " Riceverà una risposta entro ${expected}.",
	  "Come è andata con noi? Risponda, per favore, con un numero da 1 (male) a 5 (molto bene).",
	  "È soddisfatto del nostro aiuto? Risponda, per favore, con 👍 o 👎.",
	  "È risolto così? Risponda, per favore, sì o no.",
	  "Quale indirizzo e-mail possiamo usare per la sua richiesta? Risponda, per favore, con l'indirizzo.",
	  "Non riceverà più messaggi da questo numero. Risponda START per riceverli di nuovo.",
	  "Riceverà di nuovo i nostri messaggi. Risponda STOP per non riceverli più.",
	  "Qui ${company}. Ci scriva qui e le risponderemo. Risponda STOP per non ricevere più messaggi.",
	  "Non ha visto la nostra risposta nella chat: eccola:",
	  "Risponda a questa e-mail e la conversazione continua.",
	  "Ecco che cosa è stato detto nella nostra conversazione:" },
	{ "Bedankt. Uw verzoek heeft nummer ${number}.",
	  " U krijgt binnen ${expected} antwoord.",
	  "Hoe hebben we het gedaan? Antwoord alstublieft met een cijfer van 1 (slecht) tot 5 (heel goed).",
	  "Was u tevreden met onze hulp? Antwoord alstublieft met 👍 of 👎.",
	  "Is het daarmee opgelost? Antwoord alstublieft met ja of nee.",
	  "Welk e-mailadres mogen we voor uw verzoek gebruiken? Antwoord alstublieft met het adres.",
	  "U krijgt van dit nummer geen berichten meer. Antwoord START om ze weer te krijgen.",
	  "U krijgt onze berichten weer. Antwoord STOP om ze te stoppen.",
	  "Dit is ${company}. Schrijf ons hier, dan antwoorden wij. Antwoord STOP om geen berichten meer te krijgen.",
	  "U hebt ons antwoord in de chat nog niet gezien; hier is het:",
	  "Beantwoord deze e-mail, dan gaat hetzelfde gesprek verder.",
	  "Dit is wat er in ons gesprek is gezegd:" },
};

/* One and many minutes, hours, days; in German as behind "innerhalb von". */
static const char *const units[][6] = {
	{ "1 minute", "minutes", "1 hour", "hours", "1 day", "days" },
	{ "1 Minute", "Minuten", "1 Stunde", "Stunden", "1 Tag", "Tagen" },
	{ "1 minuto", "minutos", "1 hora", "horas", "1 día", "días" },
	{ "1 minute", "minutes", "1 heure", "heures", "1 jour", "jours" },
	{ "1 minuto", "minutos", "1 hora", "horas", "1 dia", "dias" },
	{ "1 minuto", "minuti", "1 ora", "ore", "1 giorno", "giorni" },
	{ "1 minuut", "minuten", "1 uur", "uur", "1 dag", "dagen" },
};

/* Its place in the tables: English where there is no such language. */
static gsize place_of(const char *lang)
{
	for (gsize i = 0; lang && langs[i]; i++)
		if (strcmp(langs[i], lang) == 0)
			return i;
	return 0;
}

const char *hg_phrase(int phrase, const char *lang)
{
	return phrases[place_of(lang)][phrase];
}

char *hg_phrase_span(gint64 ms, const char *lang)
{
	const gint64 minute = 60000, hour = 60 * minute, day = 24 * hour;
	gint64 worth = ms < hour ? minute : ms % day && ms <= 2 * day ? hour : day, n = (ms + worth - 1) / worth;
	const char *const *unit = units[place_of(lang)] + (worth == minute ? 0 : worth == hour ? 2 : 4);

	if (n > 1)
		return g_strdup_printf("%" G_GINT64_FORMAT " %s", n, unit[1]);
	return g_strdup(unit[0]);
}

const char *const *hg_phrase_langs(void)
{
	return langs;
}
