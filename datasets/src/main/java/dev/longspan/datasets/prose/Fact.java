package dev.longspan.datasets.prose;

import java.util.List;

/** What an article can say about a person, and what can be asked about it. */
public enum Fact {
  /** Trade and place of work. */
  JOB {
    @Override
    String sentence(Person p) {
      return p.name() + " works as " + Chronicle.article(p.job()) + " in " + p.home().name() + ".";
    }

    @Override
    List<Query> queries(Person p) {
      return List.of(
          new Query("What does " + p.name() + " do for a living?", p.job()),
          new Query("What is the job of " + p.name() + "?", p.job()));
    }
  },
  /** An animal and its name. */
  ANIMAL {
    @Override
    String sentence(Person p) {
      return p.name() + " keeps " + Chronicle.article(p.animal()) + " named " + p.pet() + ".";
    }

    @Override
    List<Query> queries(Person p) {
      return List.of(
          new Query("What is the name of the animal that " + p.name() + " keeps?", p.pet()),
          new Query("What kind of animal does " + p.name() + " keep?", p.animal()));
    }
  },
  /** Place and year of birth. */
  BIRTH {
    @Override
    String sentence(Person p) {
      return p.name() + " was born in " + p.birthplace().name() + " in the year " + p.born() + ".";
    }

    @Override
    List<Query> queries(Person p) {
      return List.of(
          new Query("In which year was " + p.name() + " born?", String.valueOf(p.born())),
          new Query("Where was " + p.name() + " born?", p.birthplace().name()));
    }
  },
  /** Favourite dish. */
  DISH {
    @Override
    String sentence(Person p) {
      return "The favourite dish of " + p.name() + " is " + p.dish() + ".";
    }

    @Override
    List<Query> queries(Person p) {
      return List.of(new Query("What is the favourite dish of " + p.name() + "?", p.dish()));
    }
  },
  /** Something hidden and where it is. */
  TREASURE {
    @Override
    String sentence(Person p) {
      return p.name() + " hid the " + p.treasure() + " in the " + p.hidingPlace() + ".";
    }

    @Override
    List<Query> queries(Person p) {
      return List.of(
          new Query("Where did " + p.name() + " hide the " + p.treasure() + "?", p.hidingPlace()),
          new Query(
              "What did " + p.name() + " hide in the " + p.hidingPlace() + "?", p.treasure()));
    }
  },
  /** A vehicle and its colour. */
  VEHICLE {
    @Override
    String sentence(Person p) {
      return p.name() + " owns " + Chronicle.article(p.colour()) + " " + p.vehicle() + ".";
    }

    @Override
    List<Query> queries(Person p) {
      return List.of(
          new Query("What vehicle does " + p.name() + " own?", p.vehicle()),
          new Query(
              "What colour is the " + p.vehicle() + " that " + p.name() + " owns?", p.colour()));
    }
  },
  /** Place of residence. */
  HOME {
    @Override
    String sentence(Person p) {
      return p.name() + " lives in " + p.home().name() + ".";
    }

    @Override
    List<Query> queries(Person p) {
      return List.of(new Query("In which town does " + p.name() + " live?", p.home().name()));
    }
  };

  /**
   * A question and its answer, a span of the article.
   *
   * @param question the question
   * @param answer the answer
   */
  public record Query(String question, String answer) {}

  abstract String sentence(Person person);

  abstract List<Query> queries(Person person);
}
