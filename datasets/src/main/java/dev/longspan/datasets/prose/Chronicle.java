package dev.longspan.datasets.prose;

import java.time.LocalDate;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An endless record of a valley: who bought, repaired, found and promised what, day by day.
 *
 * <p>The same persons return with the same trades, homes and animals, later entries refer to
 * earlier ones, and no sentence occurs twice. Equal seeds give equal texts. Not safe for use by
 * several threads.
 */
public final class Chronicle {
  /** Names this generator and its version in results; changes whenever the text does. */
  public static final String ID = "generated-v1";

  private static final Map<String, List<String>> PHRASES = Words.load("phrases.json");

  static final List<String> GOODS = PHRASES.get("goods");

  private static final Pattern CHOICE = Pattern.compile("\\[([^\\]]*)]");
  private static final Pattern SLOT = Pattern.compile("\\{([^}]*)}");
  private static final List<String> NUMBERS =
      List.of("two three four five six seven eight nine ten eleven twelve".split(" "));
  private static final List<String> HOURS =
      List.of("six", "seven", "eight", "nine", "ten", "eleven", "noon", "midnight", "dusk");

  /** Persons that the first entries are about; the cast grows by one every few entries. */
  private static final int FIRST_CAST = 14;

  private static final int ENTRIES_PER_NEWCOMER = 5;

  /** What an entry may come back to. */
  private static final int MEMORY = 40;

  private record Event(String what, LocalDate when) {}

  private final World world;
  private final Random random;
  private final List<String> sentences = new ArrayList<>();
  private final Set<String> said = new HashSet<>();
  private final List<Event> memory = new ArrayList<>();
  private LocalDate date;
  private int entries;

  /** Opens the record of {@code seed}. */
  public Chronicle(long seed) {
    this(seed, new World(seed));
  }

  /** Opens a record about the people of {@code world}. */
  public Chronicle(long seed, World world) {
    this.world = world;
    random = new Random(~seed);
    date = LocalDate.of(1830 + random.nextInt(30), 1 + random.nextInt(12), 1);
  }

  /** Returns sentence {@code index}, counted from 0, writing on if need be. */
  public String sentence(int index) {
    while (sentences.size() <= index) {
      int cast = FIRST_CAST + entries / ENTRIES_PER_NEWCOMER;
      Person hero = world.person(random.nextInt(cast));
      sentences.addAll(entry(hero, other(cast, hero), other(cast, hero)));
    }
    return sentences.get(index);
  }

  /** Returns {@code count} sentences of which {@code hero} is the subject; none names a mayor. */
  List<String> about(Person hero, int count) {
    List<String> result = new ArrayList<>();
    while (result.size() < count) {
      Scene scene = new Scene(hero, other(FIRST_CAST, hero), other(FIRST_CAST, hero));
      result.add(once(() -> event(scene, pickWithoutMayor("acts"))));
      if (result.size() < count) {
        result.add(once(() -> scene.fill(pickWithoutMayor("follows"))));
      }
      date = date.plusDays(20 + random.nextInt(200));
    }
    return result;
  }

  private List<String> entry(Person hero, Person second, Person third) {
    entries++;
    date = date.plusDays(1 + random.nextInt(9));
    Scene scene = new Scene(hero, second, third);
    List<String> entry = new ArrayList<>();
    entry.add(once(() -> scene.fill(pick("scenes"))));
    Event past = memory.isEmpty() ? null : Words.pick(memory, random);
    entry.add(once(() -> event(scene, pick("acts"))));
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      entry.add(once(() -> scene.fill(pick("follows"))));
    }
    if (random.nextInt(3) == 0) {
      entry.add(once(() -> scene.fill(pick("ledgers"))));
    }
    if (past != null && random.nextInt(2) == 0) {
      entry.add(once(() -> scene.recall(past)));
    }
    return entry;
  }

  /** Tells what happens and keeps it in memory. */
  private String event(Scene scene, String act) {
    Map<String, String> details = new HashMap<>();
    String[] parts = scene.choose(act).split(" => ");
    String sentence = scene.fill(parts[0], details);
    Event event = new Event(scene.fill(parts[1], details), date);
    if (memory.size() < MEMORY) {
      memory.add(event);
    } else {
      memory.set(random.nextInt(MEMORY), event);
    }
    return sentence;
  }

  private String once(Supplier<String> writer) {
    String sentence = writer.get();
    while (!said.add(sentence)) {
      sentence = writer.get();
    }
    return sentence;
  }

  private String pick(String list) {
    return Words.pick(PHRASES.get(list), random);
  }

  private String pickWithoutMayor(String list) {
    String phrase = pick(list);
    while (phrase.contains("{mayor}")) {
      phrase = pick(list);
    }
    return phrase;
  }

  private Person other(int cast, Person not) {
    int index = random.nextInt(cast);
    Person person = world.person(index);
    return person.equals(not) ? world.person((index + 1) % cast) : person;
  }

  /** Who and where an entry is about; fills the slots of phrases. */
  private final class Scene {
    final Person hero;
    final Person second;
    final Person third;
    final Town town;
    final Town elsewhere;

    Scene(Person hero, Person second, Person third) {
      this.hero = hero;
      this.second = second;
      this.third = third;
      town = hero.home();
      elsewhere = second.home().equals(town) ? hero.birthplace() : second.home();
    }

    String choose(String phrase) {
      return CHOICE
          .matcher(phrase)
          .replaceAll(m -> Matcher.quoteReplacement(Words.pick(options(m.group(1)), random)));
    }

    private List<String> options(String alternatives) {
      return List.of(alternatives.split("\\|", -1));
    }

    String fill(String phrase) {
      return fill(choose(phrase), new HashMap<>());
    }

    /** Fills the slots; {@code details} keeps their values for other phrases of the same event. */
    String fill(String phrase, Map<String, String> details) {
      String text =
          SLOT.matcher(phrase).replaceAll(m -> Matcher.quoteReplacement(slot(m.group(1), details)));
      return text.replace(" .", ".").replace(" ,", ",");
    }

    String recall(Event past) {
      Map<String, String> details = new HashMap<>();
      details.put("recall", past.what());
      details.put("since", since(past.when()));
      return fill(choose(pick("recalls")), details);
    }

    private String since(LocalDate when) {
      String season = season(when);
      return when.getYear() == date.getYear() && season.equals(season(date))
          ? "earlier that " + season
          : "in the " + season + " of " + when.getYear();
    }

    private String slot(String name, Map<String, String> details) {
      String value = details.get(name);
      if (value == null) {
        value = name.startsWith("a:") ? article(slot(name.substring(2), details)) : draw(name);
        details.put(name, value);
      }
      return value;
    }

    private String draw(String slot) {
      return switch (slot) {
        case "p" -> hero.name();
        case "p.first" -> hero.first();
        case "p.role" -> hero.role();
        case "p.role.cap" -> capital(hero.role());
        case "q" -> second.name();
        case "q.first" -> second.first();
        case "q.role" -> second.role();
        case "q.role.cap" -> capital(second.role());
        case "r" -> third.name();
        case "r.role" -> third.role();
        case "r.him" -> third.female() ? "her" : "him";
        case "he" -> hero.female() ? "she" : "he";
        case "He" -> hero.female() ? "She" : "He";
        case "him" -> hero.female() ? "her" : "him";
        case "his" -> hero.female() ? "her" : "his";
        case "His" -> hero.female() ? "Her" : "His";
        case "birth" -> hero.birthplace().name();
        case "petkind" -> hero.animal();
        case "petname" -> hero.pet();
        case "town" -> town.name();
        case "town2" -> elsewhere.name();
        case "river" -> town.river();
        case "mayor" -> world.mayor(town).name();
        case "date" -> day(date);
        case "Weekday" -> date.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
        case "weekday" ->
            date.plusDays(1 + random.nextInt(6))
                .getDayOfWeek()
                .getDisplayName(TextStyle.FULL, Locale.ENGLISH);
        case "season" -> season(date);
        case "season2" -> season(date.plusMonths(3L + 3 * random.nextInt(3)));
        case "year" -> String.valueOf(date.getYear());
        case "hour" -> Words.pick(HOURS, random);
        case "n", "n2" -> Words.pick(NUMBERS, random);
        case "count", "count2" -> String.valueOf(13 + random.nextInt(480));
        case "goods", "goods2" -> Words.pick(GOODS, random);
        case "works" -> Chronicle.this.pick("works");
        case "trouble" -> Chronicle.this.pick("trouble");
        case "object", "object2" -> Words.pick(Words.list("objects"), random);
        case "place" -> Words.pick(Words.list("places"), random);
        case "animal" -> Words.pick(Words.list("animals"), random);
        case "dish", "dish2" -> Words.pick(Words.list("dishes"), random);
        case "colour" -> Words.pick(Words.list("colours"), random);
        case "vehicle" -> Words.pick(Words.list("vehicles"), random);
        default -> throw new IllegalStateException("phrases.json uses an unknown slot: " + slot);
      };
    }
  }

  private static String day(LocalDate date) {
    return date.getDayOfMonth()
        + " "
        + date.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH)
        + " "
        + date.getYear();
  }

  private static String season(LocalDate date) {
    return switch (date.getMonth()) {
      case MARCH, APRIL, MAY -> "spring";
      case JUNE, JULY, AUGUST -> "summer";
      case SEPTEMBER, OCTOBER, NOVEMBER -> "autumn";
      default -> "winter";
    };
  }

  static String article(String noun) {
    return ("aeiou".indexOf(noun.charAt(0)) >= 0 ? "an " : "a ") + noun;
  }

  private static String capital(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
