package dev.longspan.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;

/** The direction of the data is the direction of the dependencies. */
@AnalyzeClasses(packages = "dev.longspan", importOptions = ImportOption.DoNotIncludeTests.class)
class DesignTest {
  private static final String DATASETS = "dev.longspan.datasets..";
  private static final String KERNELS = "dev.longspan.kernels..";
  private static final String EVAL = "dev.longspan.eval..";
  private static final String SPARK = "dev.longspan.spark..";

  @ArchTest
  static final ArchRule DATASETS_KNOW_NOTHING_OF_THE_REST =
      noClasses()
          .that()
          .resideInAPackage(DATASETS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(KERNELS, EVAL, SPARK, "org.apache.spark..", "org.apache.hadoop..");

  @ArchTest
  static final ArchRule EVAL_KNOWS_NO_MODEL_AND_NO_SPARK =
      noClasses()
          .that()
          .resideInAPackage(EVAL)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(KERNELS, SPARK, "org.apache.spark..", "org.apache.hadoop..");

  @ArchTest
  static final ArchRule KERNELS_KNOW_NO_SPARK_AND_NO_BENCHMARK =
      noClasses()
          .that()
          .resideInAPackage(KERNELS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              DATASETS, EVAL, SPARK, "org.apache.spark..", "org.apache.hadoop..", "info.picocli..");

  @ArchTest
  static final ArchRule ONLY_THE_COMMAND_LINE_KNOWS_PICOCLI =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.longspan.spark.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("picocli..");

  @ArchTest
  static final ArchRule NOBODY_CALLS_THE_COMMAND_LINE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.longspan.spark.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.longspan.spark.cli..");

  @ArchTest
  static final ArchRule BACKENDS_ARE_CHOSEN_BY_NAME =
      noClasses()
          .that()
          .resideInAPackage(SPARK)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.longspan.kernels.backend.scalar..",
              "dev.longspan.kernels.backend.vector..",
              "dev.longspan.kernels.backend.cuda..");

  @ArchTest
  static final ArchRule PACKAGES_OF_SPARK_JOBS_FORM_NO_CYCLE =
      SlicesRuleDefinition.slices().matching("dev.longspan.spark.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule COMMANDS_END_IN_COMMAND =
      classes()
          .that()
          .areAnnotatedWith(picocli.CommandLine.Command.class)
          .and()
          .doNotHaveSimpleName("Main")
          .should()
          .haveSimpleNameEndingWith("Command");
}
