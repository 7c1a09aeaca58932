"""What programs show, and what goes wrong with it, in the words of people who do not program.

A thing alone says little, a defect alone says less; both in one turn are a report.
"""

CONTROLS = (
    "button buttons checkbox dropdown login logout signup checkout navbar sidebar popup modal tooltip banner footer "
    "slider carousel scrollbar scroll scrolling scrolls click clicks clicked clicking tap hover swipe zoom pixel "
    "pixels thumbnail placeholder homepage website webpage site webshop browser safari chrome firefox app ui ux layout "
    "basket cart menu form field tab tabs screen reload refresh cursor inbox notification notifications widget"
)
THINGS = (
    "search list lists card cards page pages map gallery photo photos picture pictures link links pdf table tables "
    "calendar clock quiz printer entry entries filter filters logo font colour colours color colors headline title "
    "titles account accounts password passwords order orders booking bookings appointment appointments comment "
    "comments profile tablet ipad iphone phone phones intranet spreadsheet macro bot game dashboard feed upload "
    "uploads download downloads attachment attachments invoice invoices receipt receipts reminder message messages "
    "text view row rows column columns name names date dates address number numbers price prices total stripe edge "
    "corner line lines"
)
DEFECTS = (
    "doesn didn isn aren wasn shouldn cannot nothing instead wrong broken breaks missing disappears disappeared "
    "vanishes jumps flickers overlaps forgets stays stuck freezes hangs refuses refused twice still should must upside "
    "blank empty grey gray slow slower faster ahead late cropped truncated stretched mirrored misaligned unreadable "
    "outdated"
)
CONTROLS_ELSEWHERE = (
    "knopf schaltfläche anmelden abmelden anmeldung abmeldung eingeloggt ausgeloggt warenkorb formular webseite "
    "startseite browser menü klick klicken klickt scrollen handy bildschirm fenster suchfeld eingabefeld bouton "
    "connexion déconnexion panier formulaire site écran cliquer clique fenêtre champ botón sesión carrito formulario "
    "pantalla móvil clic ventana página botão sessão carrinho formulário tela celular clicar janela pulsante accesso "
    "logout carrello modulo schermo finestra knop inloggen uitloggen uitgelogd winkelwagen formulier scherm venster "
    "przycisk logowania wylogowaniu zalogowaniu koszyk formularz ekran okno düğme düğmesi giriş çıkış sepet sayfa "
    "pencere knappen logga inloggad kundvagn formulär skärm tombol keranjang formulir halaman layar nút"
)
THINGS_ELSEWHERE = (
    "suche suchfunktion liste seite tabelle spalte zeile schrift karte datei ordner recherche tableau colonne ligne "
    "fichier dossier carte buscador búsqueda lista tabla columna fila archivo carpeta busca tabela coluna linha "
    "arquivo pasta ricerca elenco tabella colonna riga cartella zoekfunctie lijst tabel kolom regel bestand map pagina "
    "wyszukiwarka wyszukiwanie kolumna wiersz plik strona arama tablo sütun satır dosya sökning sökfunktion tabell "
    "kolumn rad fil sida søgning søgningen side vyhledávání seznam tabulka stránka haku taulukko sivu pencarian daftar "
    "berkas αναζήτηση λίστα σελίδα חיפוש דף"
)
DEFECTS_ELSEWHERE = (
    "nichts nicht soll sollen muss falsch kaputt leer verschwindet fehlt doppelt statt bleibt rien doit faux vide "
    "disparaît manque reste nada debe mal vacío desaparece falta sigue não deve errado vazio some niente non sbagliato "
    "vuoto sparisce manca niets niet moet fout leeg verdwijnt nie nic powinien pusty znika brakuje nadal bulmuyor "
    "olmuyor boş kayboluyor hâlâ inte intet ikke fel tomt försvinner nenajde zmizí nejde ei löydä tidak hilang kosong "
    "không mất δεν לא"
)
