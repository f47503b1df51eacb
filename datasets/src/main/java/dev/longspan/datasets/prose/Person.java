package dev.longspan.datasets.prose;

/**
 * A person of the generated world; everything about them stays the same throughout.
 *
 * @param name first name and surname, unique among the persons of their world
 * @param female whether pronouns are feminine
 * @param job their trade
 * @param home where they live and work
 * @param birthplace where they were born
 * @param born year of birth
 * @param animal the kind of animal they keep
 * @param pet its name
 * @param dish what they like to eat
 * @param treasure what they have hidden
 * @param hidingPlace where it is
 * @param colour colour of their vehicle
 * @param vehicle the vehicle they own
 */
public record Person(
    String name,
    boolean female,
    String job,
    Town home,
    Town birthplace,
    int born,
    String animal,
    String pet,
    String dish,
    String treasure,
    String hidingPlace,
    String colour,
    String vehicle) {

  /** Returns how others refer to them, for example {@code the baker of Dalford}. */
  public String role() {
    return "the " + job + " of " + home.name();
  }

  String first() {
    return name.substring(0, name.indexOf(' '));
  }
}
