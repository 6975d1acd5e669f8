import ca.uhn.fhir.context.FhirContext;
import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.Resource;

/**
 * What the Android FHIR SDK does inside (HAPI parser, FHIRPath index, SQLite) on the JVM, measured.
 *
 * <p>{@code Peer store CORPUS DATABASE}, {@code Peer open DATABASE}, {@code Peer read CORPUS DATABASE};
 * each in a process of its own prints one line of JSON.
 */
public final class Peer {
  private static final int PAGE = 500;
  private static final int LIST = 50;
  private static final int RUNS = 100;
  private static final int WARM_UP = 3_000;

  /** What a list of the book would show, by type, with the search parameter that has its time. */
  private static final String[][] LISTS = {
    {"Observation", "date"},
    {"Condition", "recorded-date"},
    {"Procedure", "date"},
    {"MedicationRequest", "authoredon"},
    {"Immunization", "date"},
    {"DiagnosticReport", "date"},
    {"Encounter", "date"},
  };

  /** For the one text of an Observation that the SDK can search, from words that many have to none. */
  private static final String[] WORDS = {"smok", "never", "risk", "urine", "a", "xyzzy", "moderate", "e"};

  private static final String LOINC = "http://loinc.org";
  private static final String[] CODES = {"2339-0", "4548-4", "85354-9", "2093-3", "8867-4"};

  private Peer() {}

  public static void main(String[] arguments) throws Exception {
    long begin = System.nanoTime();
    switch (arguments[0]) {
      case "store" -> store(Path.of(arguments[1]), arguments[2]);
      case "open" -> open(begin, arguments[1]);
      case "read" -> read(Path.of(arguments[1]), arguments[2]);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void store(Path corpus, String database) throws Exception {
    FhirContext context = FhirContext.forR4();
    Indexer indexer = new Indexer(context);
    List<String> resources = Files.readAllLines(corpus);
    // Twice, so that the JIT has seen everything; not counted.
    for (int i = 0; i < 2; i++) {
      String warm = database + ".warm" + i;
      try (Book book = new Book(warm, context)) {
        book.create();
        fill(book, indexer, resources.subList(0, Math.min(WARM_UP, resources.size())));
      }
      for (String end : new String[] {"", "-wal", "-shm"}) {
        Files.deleteIfExists(Path.of(warm + end));
      }
    }
    long rows;
    long cpu;
    double wall;
    try (Book book = new Book(database, context)) {
      book.create();
      cpu = cpu();
      long begin = System.nanoTime();
      rows = fill(book, indexer, resources);
      wall = (System.nanoTime() - begin) / 1e9;
      cpu = cpu() - cpu;
    }
    say(
        "\"wall_s\":%f,\"cpu_s\":%f,\"index_rows\":%d,\"bytes\":%d,\"rss_mb\":%f",
        wall, cpu / 1e9, rows, bytes(database), memory("VmHWM:"));
  }

  private static long fill(Book book, Indexer indexer, List<String> resources) throws SQLException {
    long rows = 0;
    for (int from = 0; from < resources.size(); from += PAGE) {
      rows += book.insert(resources.subList(from, Math.min(from + PAGE, resources.size())), indexer);
    }
    return rows;
  }

  private static void open(long begin, String database) throws Exception {
    FhirContext context = FhirContext.forR4();
    try (Book book = new Book(database, context)) {
      int shown = book.newest("Observation", "date", LIST).size();
      double millis = (System.nanoTime() - begin) / 1e6;
      check(shown == LIST, "a full list");
      say("\"ms\":%f,\"rss_mb\":%f", millis, memory("VmRSS:"));
    }
  }

  private static void read(Path corpus, String database) throws Exception {
    FhirContext context = FhirContext.forR4();
    List<String[]> keys = new ArrayList<>();
    String patient = null;
    for (String json : Files.readAllLines(corpus)) {
      if (keys.size() >= 1_000 && patient != null) {
        break;
      }
      Resource resource = (Resource) context.newJsonParser().parseResource(json);
      keys.add(new String[] {resource.fhirType(), resource.getIdElement().getIdPart()});
      if (resource instanceof Observation observation && observation.hasSubject()) {
        patient = observation.getSubject().getReference();
      }
    }
    String subject = patient;
    long since = 1_262_304_000_000L; // 2010
    try (Book book = new Book(database, context)) {
      Samples list =
          times(n -> book.newest(LISTS[n % LISTS.length][0], LISTS[n % LISTS.length][1], LIST).size());
      Samples text =
          times(n -> book.containing("Observation", "value-string", WORDS[n % WORDS.length], LIST).size());
      Samples code =
          times(n -> book.ofPatient(subject, LOINC, CODES[n % CODES.length], since, LIST).size());
      Samples trend =
          times(
              n -> {
                double sum = 0;
                for (Resource resource : book.course(LOINC, CODES[0], LIST)) {
                  sum += ((Observation) resource).getValueQuantity().getValue().doubleValue();
                }
                check(sum > 0, "values");
                return 1;
              });
      Samples get =
          times(
              n -> {
                String[] key = keys.get(n * 7 % keys.size());
                check(book.get(key[0], key[1]) != null, "the resource");
                return 1;
              });
      check(text.found > 0 && code.found > 0 && list.found > 0, "something found");
      say(
          "\"list\":%s,\"search_text\":%s,\"search_code\":%s,\"trend\":%s,\"get\":%s",
          list.json(), text.json(), code.json(), trend.json(), get.json());
    }
  }

  private interface Work {
    int run(int n) throws Exception;
  }

  /** How long single runs took, after as many that only warm up. */
  private static Samples times(Work work) throws Exception {
    for (int n = 0; n < RUNS; n++) {
      work.run(n);
    }
    double[] millis = new double[RUNS];
    long found = 0;
    long cpu = cpu();
    for (int n = 0; n < RUNS; n++) {
      long begin = System.nanoTime();
      found += work.run(n);
      millis[n] = (System.nanoTime() - begin) / 1e6;
    }
    cpu = cpu() - cpu;
    Arrays.sort(millis);
    return new Samples(millis, cpu / 1e6 / RUNS, found);
  }

  private record Samples(double[] sorted, double cpu, long found) {
    String json() {
      return String.format(
          java.util.Locale.ROOT,
          "{\"p50\":%f,\"p95\":%f,\"cpu_ms\":%f}",
          at(50),
          at(95),
          cpu);
    }

    private double at(int percent) {
      return sorted[(sorted.length * percent + 99) / 100 - 1];
    }
  }

  /** Nanoseconds of processor that this process has used, the collector and the compiler included. */
  private static long cpu() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
  }

  private static long bytes(String database) {
    return new File(database).length() + new File(database + "-wal").length();
  }

  /** Megabytes, from the process's own status. */
  private static double memory(String line) throws IOException {
    for (String said : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (said.startsWith(line)) {
        return Double.parseDouble(said.replaceAll("[^0-9]", "")) / 1024;
      }
    }
    return Double.NaN;
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException("expected " + what);
    }
  }

  private static void say(String format, Object... values) {
    System.out.println("{" + String.format(java.util.Locale.ROOT, format, values) + "}");
  }
}
