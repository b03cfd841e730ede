"""Words for made-up texts: the commonest of a language in the order of their frequency, and parts of rarer ones."""

from __future__ import annotations


def _listed(**texts: str) -> dict[str, list[str]]:
    return {language: text.split() for language, text in texts.items()}


COMMON = _listed(
    pt="""
        de que a e o não um do da em se para é os com uma no na por mais as dos como mas ao ele das à seu sua ou
        quando muito nos já eu também só pelo pela até isso ela entre depois sem mesmo aos seus quem nas me esse
        eles você essa num nem suas meu às minha numa noite casa tempo dia rua cidade vida mundo homem mulher porta
        mão olhos ano trabalho água mesa história carta livro filho amigo janela café mar chuva nome palavra luz
        festa manhã caminho tarde verdade pai mãe irmão coração voz terra loja pedido cliente preço semana mês hora
        cozinha pão vinho peixe fruta sal açúcar conta dinheiro banco jornal notícia escola médico hospital doença
        saúde governo lei povo rei guerra paz sonho medo alegria dor amor morte força razão ideia canção música
        dança praça igreja ponte rio monte campo flor árvore cavalo pássaro gato cão estrela lua sol vento fogo
        pedra areia barco navio viagem
    """,
    en="""
        the of and to a in that it is was he for on as with his at by be this had not are but from or have an they
        which one you were her all she there would their we him been has when who will no more if out so said what
        up its about into than them can only other new some could time these two may then do first any my now such
        like our over man me even most made after also did many before must through years where much your way well
        down should because long each just state those people good make life day house world hand night place work
        city water room door street letter book friend window morning road word light voice mother father brother
        heart table story shop order price week month hour kitchen bread wine fish fruit salt sugar money bank paper
        news school doctor health government law king war peace dream fear joy love death power reason song music
        dance square church bridge river hill field flower tree horse bird cat dog star moon sun wind fire stone
        sand boat ship journey
    """,
)
STEMS = _listed(
    pt="""
        abr acert acord ador ajud alarg alcanç amarr andarilh apanh aparec apert arrum assust atravess bail bat beij
        borbolet brinc cabel cadern calm caminh camis cant carreg carteir cas cerej chav cheg chor clar colh começ
        compr convers cort costur cozinh crian cuid danç decid dedic deix descans desej desenh dobr empreg encontr
        ensin entreg escut esper espelh estud explic faz fech ferv festej ganh gost grit guard imagin jant jardin
        junt lavr lembr levant limp livr lut machuc madrug marinh mergulh misturad mord mostr naveg observ ofici olh
        ouv pag passe pedr pens pergunt pesc pint plant pergaminh prepar procur quebr recolh regress repar respond
        sabor salt segur serr sorr sub suj telef tempest termin toc trabalh trag troc us varr velej vend viaj visit
        volt
    """,
    en="""
        answer arriv ask bak balanc beckon belong blossom borrow bright brush build call care carr carv chang clean
        climb collect comfort count cover cross danc deliver demand develop discover dream drift earn echo engag
        enter expect explain fall farm favour fetch fish flick flow follow forest garden gather glimmer glow grant
        greet grow guard harbour harvest heal help hesitat hunt imagin invent invit journ kindl knock laugh learn
        lift linger listen look mark meadow measur mirror murmur notic offer open paint perform plant play
        plough polish pour prepar press promis question quiet reach remember repair rest return rippl roam sail
        scatter search settl shelter shimmer sing smil sort sparkl spend stitch stretch stroll stumbl teach thread
        thunder toil trad travel trust turn visit wait walk wander warm watch weav whisper wonder
    """,
)
ENDINGS = _listed(
    pt="a o e as os ar ei ou ado ada ados ando ava avam aram emos eira eiro eiros inho inha ões ção ável mente",
    en="e s ed er ers ing ings ly ness ful less able ment ments y ish ier iest some hood ward",
)
