# The pictures of README.ru.md: lines of a label, and what they are in Russian.  Names of
# rooms and SQL are the same; so is a line that does not stand here.
you | вы
account | аккаунт
take back | отменить
it has | есть
what the conditions say of the id: | что условия говорят об id:
one list, all of them, or none | один список, все или ни одного
has the statement the answer already? | есть ли уже ответ у команды?
It asks once for an id, once for all | Спрашивает раз об id, раз обо всех
the line of the request | строка запроса
signs in when needed, waits for its turn, | входит, если нужно; ждёт своей очереди;
asks again where that does no harm | повторяет, где это безвредно
when all conditions hold, checked here | если здесь все условия выполнены
values become those of the columns | значения для столбцов
the list as this transaction left it | список, каким его оставила транзакция
one list after the other, as they arrive; | список за списком по мере поступления;
kept when they may be wanted again | хранит, если они могут понадобиться
bytes as they come; stops the account | байты по мере поступления; аккаунт
while 64 kB wait to be read | ждёт, пока не прочитаны 64 кБ
refuse what cannot be sent | отвергают недопустимое
keeps the changes; later | хранит изменения; они
statements see them | видны другим командам
ROLLBACK drops them: | ROLLBACK отбрасывает их:
nothing was sent, and | ничего не отправлено,
nothing has to be undone | нечего и отменять
what rows are to be, against | какими быть строкам
what the account was told | и что сообщено аккаунту
updates, adds, deletes; | изменения, добавления,
50 rows a POST | удаления; 50 строк в POST
waits for its turn; sends | ждёт очереди; добавление
no add a second time | не отправляет дважды
committed, or an ERROR | фиксация или ERROR,
that names the rows | где названы строки
all is confirmed: commit; | подтверждено: фиксация;
else: all as it was before | иначе: всё, как было
what the account was told, | что сообщено аккаунту
and how sure that is | и насколько это верно
each row is confirmed, | строка подтверждена,
refused, or in doubt | отвергнута или неясна
lists in the account | списков в аккаунте
Time to read all columns of all lists | Время чтения всех столбцов всех списков
libcurl and a tree of json-c | libcurl и дерево json-c
bare transfer by libcurl | передача libcurl
Peak memory of the server process | Пик памяти процесса сервера
