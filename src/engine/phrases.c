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
	  "Which e-mail address may we use for your request? Please answer with the address." },
	{ "Vielen Dank. Ihre Anfrage hat die Nummer ${number}.",
	  " Sie bekommen innerhalb von ${expected} eine Antwort.",
	  "Wie zufrieden waren Sie mit uns? Bitte antworten Sie mit einer Zahl von 1 (schlecht) bis 5 (sehr gut).",
	  "Waren Sie mit unserer Hilfe zufrieden? Bitte antworten Sie mit 👍 oder 👎.",
	  "Ist Ihr Anliegen damit erledigt? Bitte antworten Sie mit Ja oder Nein.",
	  "Welche E-Mail-Adresse dürfen wir für Ihre Anfrage verwenden? Bitte antworten Sie mit der Adresse." },
	{ "Gracias. Su solicitud tiene el número ${number}.",
	  " Recibirá una respuesta en un plazo de ${expected}.",
	  "¿Qué tal lo hemos hecho? Responda, por favor, con un número del 1 (mal) al 5 (muy bien).",
	  "¿Le hemos ayudado bien? Responda, por favor, con 👍 o 👎.",
	  "¿Queda resuelto así? Responda, por favor, sí o no.",
	  "¿Qué dirección de correo electrónico podemos usar para su solicitud? Responda, por favor, con la dirección." },
	{ "Merci. Votre demande porte le numéro ${number}.",
	  " Vous recevrez une réponse sous ${expected}.",
	  "Êtes-vous satisfait de notre aide ? Merci de répondre par un chiffre de 1 (mauvais) à 5 (très bien).",
	  "Êtes-vous satisfait de notre aide ? Merci de répondre par 👍 ou 👎.",
	  "Est-ce que cela résout votre demande ? Merci de répondre par oui ou non.",
	  "Quelle adresse e-mail pouvons-nous utiliser pour votre demande ? Merci de répondre avec l'adresse." },
	{ "Obrigado. O seu pedido tem o número ${number}.",
	  " Receberá uma resposta no prazo de ${expected}.",
	  "Como foi o nosso atendimento? Responda, por favor, com um número de 1 (mau) a 5 (muito bom).",
	  "Ficou satisfeito com a nossa ajuda? Responda, por favor, com 👍 ou 👎.",
	  "Isso resolve o seu pedido? Responda, por favor, sim ou não.",
	  "Que endereço de e-mail podemos usar para o seu pedido? Responda, por favor, com o endereço." },
	{ "Grazie. La sua richiesta ha il numero ${number}.",
	  " Riceverà una risposta entro ${expected}.",
	  "Come è andata con noi? Risponda, per favore, con un numero da 1 (male) a 5 (molto bene).",
	  "È soddisfatto del nostro aiuto? Risponda, per favore, con 👍 o 👎.",
	  "È risolto così? Risponda, per favore, sì o no.",
	  "Quale indirizzo e-mail possiamo usare per la sua richiesta? Risponda, per favore, con l'indirizzo." },
	{ "Bedankt. Uw verzoek heeft nummer ${number}.",
	  " U krijgt binnen ${expected} antwoord.",
	  "Hoe hebben we het gedaan? Antwoord alstublieft met een cijfer van 1 (slecht) tot 5 (heel goed).",
	  "Was u tevreden met onze hulp? Antwoord alstublieft met 👍 of 👎.",
	  "Is het daarmee opgelost? Antwoord alstublieft met ja of nee.",
	  "Welk e-mailadres mogen we voor uw verzoek gebruiken? Antwoord alstublieft met het adres." },
};

const char *hg_phrase(int phrase, const char *lang)
{
	for (gsize i = 0; lang && langs[i]; i++)
		if (strcmp(langs[i], lang) == 0)
			return phrases[i][phrase];
	return phrases[0][phrase];
}

const char *const *hg_phrase_langs(void)
{
	return langs;
}
