import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.hl7.fhir.r4.model.Resource;

/** A database of the SDK's form: what its ResourceDao writes and the SQL that its MoreSearch makes. */
final class Book implements AutoCloseable {
  private final Connection connection;
  private final IParser parser;
  private final Map<String, PreparedStatement> prepared = new HashMap<>();

  Book(String file, FhirContext context) throws SQLException {
    connection = Schema.open(file);
    parser = context.newJsonParser();
  }

  void create() throws SQLException {
    Schema.create(connection);
  }

  /**
   * Takes in resources in one transaction, as a page of a download: parsed, written again as JSON,
   * indexed. Returns how many index rows that made. Rows go in batches; the SDK writes one at a time.
   */
  long insert(List<String> page, Indexer indexer) throws SQLException {
    connection.setAutoCommit(false);
    PreparedStatement resources =
        statement(
            "INSERT OR REPLACE INTO ResourceEntity VALUES (NULL, ?, ?, ?, ?, ?, ?, NULL)");
    Map<Schema.Table, PreparedStatement> indices = new EnumMap<>(Schema.Table.class);
    for (Schema.Table table : Schema.Table.values()) {
      indices.put(table, statement(table.insert()));
    }
    long rows = 0;
    for (String json : page) {
      Resource resource = (Resource) parser.parseResource(json);
      String type = resource.fhirType();
      String id = resource.getIdElement().getIdPart();
      byte[] uuid = uuidOf(type, id);
      resources.setBytes(1, uuid);
      resources.setString(2, type);
      resources.setString(3, id);
      resources.setString(4, parser.encodeResourceToString(resource));
      resources.setString(5, resource.getMeta().getVersionId());
      if (resource.getMeta().hasLastUpdated()) {
        resources.setLong(6, resource.getMeta().getLastUpdated().getTime());
      } else {
        resources.setNull(6, java.sql.Types.INTEGER);
      }
      resources.addBatch();
      for (Indexer.Row row : indexer.index(resource)) {
        PreparedStatement insert = indices.get(row.table());
        insert.setBytes(1, uuid);
        insert.setString(2, type);
        insert.setString(3, row.name());
        insert.setString(4, row.path());
        int column = 5;
        for (Object value : row.values()) {
          insert.setObject(column++, value);
        }
        insert.addBatch();
        rows++;
      }
    }
    resources.executeBatch();
    for (PreparedStatement insert : indices.values()) {
      insert.executeBatch();
    }
    connection.commit();
    connection.setAutoCommit(true);
    return rows;
  }

  /** That of the row if there is one: an update keeps it. */
  private byte[] uuidOf(String type, String id) throws SQLException {
    PreparedStatement find =
        statement("SELECT resourceUuid FROM ResourceEntity WHERE resourceId = ? AND resourceType = ?");
    find.setString(1, id);
    find.setString(2, type);
    try (ResultSet found = find.executeQuery()) {
      if (found.next()) {
        return found.getBytes(1);
      }
    }
    UUID uuid = UUID.randomUUID();
    return ByteBuffer.allocate(16)
        .putLong(uuid.getMostSignificantBits())
        .putLong(uuid.getLeastSignificantBits())
        .array();
  }

  /** FhirEngine.get. */
  Resource get(String type, String id) throws SQLException {
    PreparedStatement find =
        statement(
            "SELECT serializedResource FROM ResourceEntity WHERE resourceId = ? AND resourceType = ?");
    find.setString(1, id);
    find.setString(2, type);
    List<Resource> found = read(find);
    return found.isEmpty() ? null : found.get(0);
  }

  /** {@code search<T> { sort(date, DESCENDING); count = 50 }}. */
  List<Resource> newest(String type, String date, int count) throws SQLException {
    PreparedStatement search = statement(SELECT + SORT_JOINS + "WHERE a.resourceType = ? " + SORT_ORDER);
    search.setString(1, date);
    search.setString(2, date);
    search.setString(3, type);
    search.setInt(4, count);
    return read(search);
  }

  /** {@code search<T> { filter(name, { value = text; modifier = CONTAINS }); count = 50 }}. */
  List<Resource> containing(String type, String name, String text, int count) throws SQLException {
    PreparedStatement search =
        statement(
            SELECT
                + "WHERE a.resourceUuid IN (SELECT resourceUuid FROM StringIndexEntity"
                + " WHERE resourceType = ? AND index_name = ?"
                + " AND index_value LIKE '%' || ? || '%' COLLATE NOCASE) LIMIT ?");
    search.setString(1, type);
    search.setString(2, name);
    search.setString(3, text);
    search.setInt(4, count);
    return read(search);
  }

  /**
   * {@code search<Observation> { filter(SUBJECT, …); filter(CODE, …); filter(DATE, { prefix = GE });
   * count = 50 }}.
   */
  List<Resource> ofPatient(String patient, String system, String code, long from, int count)
      throws SQLException {
    PreparedStatement search =
        statement(
            SELECT
                + "WHERE a.resourceUuid IN (SELECT resourceUuid FROM ReferenceIndexEntity"
                + " WHERE resourceType = 'Observation' AND index_name = 'subject' AND index_value = ?)"
                + " AND a.resourceUuid IN (SELECT resourceUuid FROM DateTimeIndexEntity"
                + " WHERE resourceType = 'Observation' AND index_name = 'date' AND index_to >= ?)"
                + " AND a.resourceUuid IN (SELECT resourceUuid FROM TokenIndexEntity"
                + " WHERE resourceType = 'Observation' AND index_name = 'code' AND"
                + " (index_value = ? AND IFNULL(index_system, '') = ?)) LIMIT ?");
    search.setString(1, patient);
    search.setLong(2, from);
    search.setString(3, code);
    search.setString(4, system);
    search.setInt(5, count);
    return read(search);
  }

  /** {@code search<Observation> { filter(CODE, …); sort(DATE, DESCENDING); count = 50 }}. */
  List<Resource> course(String system, String code, int count) throws SQLException {
    PreparedStatement search =
        statement(
            SELECT
                + SORT_JOINS
                + "WHERE a.resourceUuid IN (SELECT resourceUuid FROM TokenIndexEntity"
                + " WHERE resourceType = 'Observation' AND index_name = 'code' AND"
                + " (index_value = ? AND IFNULL(index_system, '') = ?)) "
                + SORT_ORDER);
    search.setString(1, "date");
    search.setString(2, "date");
    search.setString(3, code);
    search.setString(4, system);
    search.setInt(5, count);
    return read(search);
  }

  private static final String SELECT = "SELECT a.serializedResource FROM ResourceEntity a ";
  private static final String SORT_JOINS =
      "LEFT JOIN DateIndexEntity b ON a.resourceUuid = b.resourceUuid AND b.index_name = ?"
          + " LEFT JOIN DateTimeIndexEntity c ON a.resourceUuid = c.resourceUuid AND c.index_name = ? ";
  private static final String SORT_ORDER =
      "GROUP BY a.resourceUuid"
          + " HAVING MAX(IFNULL(b.index_from,0) + IFNULL(c.index_from,0)) >= -9223372036854775808"
          + " ORDER BY IFNULL(b.index_from, -9223372036854775808) DESC,"
          + " IFNULL(c.index_from, -9223372036854775808) DESC LIMIT ?";

  /** The SDK parses every row that it finds. */
  private List<Resource> read(PreparedStatement search) throws SQLException {
    List<Resource> found = new ArrayList<>();
    try (ResultSet rows = search.executeQuery()) {
      while (rows.next()) {
        found.add((Resource) parser.parseResource(rows.getString(1)));
      }
    }
    return found;
  }

  private PreparedStatement statement(String sql) throws SQLException {
    PreparedStatement known = prepared.get(sql);
    if (known == null) {
      known = connection.prepareStatement(sql);
      prepared.put(sql, known);
    }
    return known;
  }

  @Override
  public void close() throws SQLException {
    for (PreparedStatement statement : prepared.values()) {
      statement.close();
    }
    connection.close();
  }
}
