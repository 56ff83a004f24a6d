/** Family names by language: what the classifier learns from. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const lists = {
  Arabic: `Abadi Abbas Antoun Asfour Assaf Awad Aziz Bahar Bishara Boulos Botros Daher Deeb Fakhoury Gerges Haddad Hakimi
    Halabi Hanania Handal Harb Isa Kanaan Kassab Kassis Khoury Koury Maalouf Malouf Mansour Mustafa Naifeh Najjar
    Nahas Nasser Nassar Quraishi Rahal Sabbag Salib Samaha Sarraf Seif Shadid Shamoun Sleiman Srour Tahan Totah Tuma Zogby`,
  Czech: `Adamek Bartos Benes Blaha Bures Capek Cech Cermak Cerny Danek Dolezal Dostal Dusek Dvorak Fiala Hajek Havel Havlicek Hlavac
    Holub Horak Hrabal Hruska Jelinek Kadlec Kolar Konecny Kopecky Koubek Kovar Krejci Kriz Kubat Kucera Maly Marek Masek Moravec
    Navratil Nemec Novak Novotny Pesek Pokorny Polak Pospisil Prochazka Ruzicka Sedlacek Simek Soukup Stastny Svoboda Urban Vanek Zeman`,
  Dutch: `Aalst Achterberg Amstel Bakker Beek Beekhuis Berg Boer Bosch Bouwman Brouwer Claasen Dekker Dijk Dijkstra Doorn Gerritsen Groot
    Hendriks Hoek Huisman Jansen Janssen Kappel Klein Koning Kuiper Leeuwenhoek Maarschalk Meijer Mulder Nieuwenhuis
    Ooms Pieters Peeters Postma Prins Rietveld Roosevelt Schouten Schuurman Smits Snijders Timmermans Veenstra Verhoeven
    Vermeulen Visser Vliet Vroom Westerhuis Willems Zwart`,
  English: `Adams Allen Andrews Ashworth Atkinson Bailey Barker Bennett Bradley Brown Burton Carter Chapman Clarke Cooper Davidson Dawson
    Edwards Ellis Fletcher Foster Gibson Goodwin Graham Green Harrison Hawkins Hughes Jackson Johnson Kirkwood Knight Lawson Marshall
    Matthews Mitchell Moore Nicholson Norton Parker Pearson Phillips Richardson Robinson Saunders Shepherd Simpson Stevenson Taylor
    Thompson Turner Walker Watson Wilkinson Wright Young`,
  Greek: `Adamidis Agelakos Akrivopoulos Alexandropoulos Anagnostopoulos Antonopoulos Arvanitoyannis Baltas Bouras Chrysanthopoulos
    Demas Dimitriou Drakos Economou Fotopoulos Garofalis Georgeakopoulos Giannakos Hatzis Ioannidis Kalakos Kanavos
    Kapsimallis Karahalios Karameros Kokkinos Kotsiopoulos Kouretas Leontarakis Louganis Makricosta Manousos Metrofanis Michelakos
    Nikolaou Panagiotopoulos Papadopoulos Papageorge Paraskevopoulos Pavlidis Polites Roussopoulos Samaras Sideris Spanos Stamatas
    Stavropoulos Theodoridis Tsakalos Vamvakidis Vassilakis Xenakis Zervas Zouvelekis`,
  Italian: `Abbadelli Accorso Albricci Amadori Angelini Baldini Barone Bellandini Bernardi Bianchi Bruno Calligaris Caruso Cattaneo Conti
    Cremonesi Damiani Esposito Fabbri Ferrari Fiore Fontana Gallo Giordano Greco Grimaldi Lombardi Longo Mancini Marchetti Mariani
    Martini Mazza Montanari Moretti Palumbo Parisi Pellegrini Piccoli Ricci Rinaldi Romano Rossini Russo Salvati Santoro Serafini
    Silvestri Sorrentino Testa Tosetti Valentini Ventura Vitale Zambrano Zanetti`,
  Japanese: `Abe Adachi Aoki Arakawa Asano Baba Chiba Doi Endo Fujimoto Fujita Fukuda Goto Hamasaki Hasegawa Hayashi Higuchi Hirano Honda Ikeda
    Imai Inoue Ishikawa Ito Iwasaki Kaneko Kawaguchi Kimura Kobayashi Kondo Maeda Matsumoto Miyazaki Mori Murakami Nakagawa Nakamura
    Nishimura Noguchi Ogawa Okada Ota Saito Sakamoto Sasaki Sato Shimizu Suzuki Takahashi Tanaka Ueda Wada Watanabe Yamada Yamamoto Yoshida`,
  Polish: `Adamczak Andrysiak Banaszak Bartosz Bosko Chmielewski Cieslak Czajkowski Dabrowski Dudek Filipek Gajos Gorski Grabowski Gutowski
    Jablonski Jagoda Jankowski Jaworski Kaczmarek Kaminski Kijek Klimek Kowalczyk Kowalski Koziol Krol Kubiak Lewandowski Majewski
    Malinowski Mazur Michalak Nowak Nowicki Olszewski Ostrowski Pawlak Piotrowski Rybarczyk Sadowski Sikora Sobczak Stolarz
    Szczepanski Szewc Szymanski Walczak Wieczorek Wisniewski Wojcik Wozniak Zalewski Zawadzki Zielinski`,
  Russian: `Abramov Agafonov Alekseev Antipov Balakirev Baranov Belousov Bogdanov Bykov Chekhov Danilov Davydov Dmitriev Dolgorukov Efimov
    Fedorov Filippov Gagarin Golubev Gorbachev Grigoriev Gusev Ivanov Karpov Kiselev Komarov Kozlov Kuznetsov Lebedev
    Lopatin Makarov Medvedev Mikhailov Morozov Nikitin Novikov Orlov Pavlov Petrov Polyakov Romanov Semenov Sergeev Smirnov Sokolov
    Stepanov Tarasov Tikhonov Titov Turgenev Vasiliev Vinogradov Volkov Yakovlev Zaitsev`,
  Spanish: `Acosta Aguilar Alvarez Arreola Banderas Barros Blanco Caballero Cabrera Calderon Castillo Cervantes Cortez Cruz Delgado Dominguez
    Echevarria Espinosa Estevez Fernandez Flores Fuentes Gallego Garcia Gomez Gonzalez Gutierrez Hernandez Herrera Iglesias Jimenez
    Lopez Marquez Martinez Medina Mendoza Morales Moreno Navarro Ortega Perez Quiros Ramirez Ramos Reyes Rivera Rodriguez Romero
    Salazar Sanchez Santana Torres Vargas Vasquez Velazquez Zapata`,
} as const;

/** A name with its label. */
export type Named = readonly [name: string, label: number];

/** Names of several languages. */
export interface Names {
  /** The languages, by label. */
  readonly languages: readonly string[];
  readonly names: readonly Named[];
}

/** The names that come with this example. */
export const ownNames: Names = {
  languages: Object.keys(lists),
  names: Object.values(lists).flatMap((list, label) => list.split(/\s+/).map((name): Named => [name, label])),
};

/** The names of a folder with a file for each language, `Arabic.txt` and so on, one name on each line, as the tutorial of PyTorch has them. */
export async function readNames(folder: string): Promise<Names> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".txt")).sort();
  const languages = files.map((file) => file.replace(/\.txt$/, ""));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const names = texts.flatMap((lines, label) =>
    lines.split(/\r?\n/).flatMap((line): Named[] => (line.trim() === "" ? [] : [[line.trim(), label]])),
  );
  return { languages, names };
}
