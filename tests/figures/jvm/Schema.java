import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** The tables and indices of the Android FHIR SDK's ResourceDatabase (schema 10), written down again. */
final class Schema {
  private Schema() {}

  /** The index tables with their columns of values and the indices that the SDK's entities declare. */
  enum Table {
    STRING("StringIndexEntity", "index_value TEXT NOT NULL", VALUE, UUID_AND_VALUE),
    REFERENCE("ReferenceIndexEntity", "index_value TEXT NOT NULL", VALUE, UUID),
    TOKEN(
        "TokenIndexEntity",
        "index_system TEXT, index_value TEXT NOT NULL",
        "resourceType, index_name, index_value, resourceUuid",
        UUID),
    QUANTITY(
        "QuantityIndexEntity",
        "index_system TEXT NOT NULL, index_code TEXT NOT NULL, index_value REAL NOT NULL",
        "resourceType, index_name, index_value, index_code",
        UUID),
    URI("UriIndexEntity", "index_value TEXT NOT NULL", VALUE, UUID),
    DATE(
        "DateIndexEntity",
        "index_from INTEGER NOT NULL, index_to INTEGER NOT NULL",
        "resourceType, index_name, resourceUuid, index_from, index_to",
        "resourceUuid, index_name, index_from"),
    DATE_TIME(
        "DateTimeIndexEntity",
        "index_from INTEGER NOT NULL, index_to INTEGER NOT NULL",
        "resourceType, index_name, resourceUuid, index_from, index_to",
        "resourceUuid, index_name, index_from"),
    NUMBER("NumberIndexEntity", "index_value REAL NOT NULL", VALUE, UUID_AND_VALUE);

    final String sqlName;
    private final String columns;
    private final String firstIndex;
    private final String secondIndex;

    Table(String sqlName, String columns, String firstIndex, String secondIndex) {
      this.sqlName = sqlName;
      this.columns = columns;
      this.firstIndex = firstIndex;
      this.secondIndex = secondIndex;
    }

    int valueCount() {
      return columns.split(",").length;
    }

    String insert() {
      return "INSERT OR REPLACE INTO "
          + sqlName
          + " VALUES (NULL, ?, ?, ?, ?"
          + ", ?".repeat(valueCount())
          + ")";
    }
  }

  private static final String VALUE = "resourceType, index_name, index_value";
  private static final String UUID = "resourceUuid";
  private static final String UUID_AND_VALUE = "resourceUuid, index_name, index_value";

  static Connection open(String file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute("PRAGMA synchronous = NORMAL");
      statement.execute("PRAGMA foreign_keys = ON");
      statement.execute("PRAGMA cache_size = -8192");
      statement.execute("PRAGMA temp_store = MEMORY");
    }
    return connection;
  }

  static void create(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE ResourceEntity (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
              + " resourceUuid BLOB NOT NULL, resourceType TEXT NOT NULL, resourceId TEXT NOT NULL,"
              + " serializedResource TEXT NOT NULL, versionId TEXT, lastUpdatedRemote INTEGER,"
              + " lastUpdatedLocal INTEGER)");
      statement.execute(
          "CREATE UNIQUE INDEX ResourceEntity_uuid ON ResourceEntity (resourceUuid)");
      statement.execute(
          "CREATE UNIQUE INDEX ResourceEntity_id ON ResourceEntity (resourceType, resourceId)");
      for (Table table : Table.values()) {
        statement.execute(
            "CREATE TABLE "
                + table.sqlName
                + " (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, resourceUuid BLOB NOT NULL,"
                + " resourceType TEXT NOT NULL, index_name TEXT NOT NULL, index_path TEXT NOT NULL, "
                + table.columns
                + ", FOREIGN KEY (resourceUuid) REFERENCES ResourceEntity (resourceUuid)"
                + " ON UPDATE NO ACTION ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)");
        statement.execute(
            "CREATE INDEX " + table.sqlName + "_1 ON " + table.sqlName + " (" + table.firstIndex + ")");
        statement.execute(
            "CREATE INDEX " + table.sqlName + "_2 ON " + table.sqlName + " (" + table.secondIndex + ")");
      }
    }
  }
}
