import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.RuntimeSearchParam;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.parser.DataFormatException;
import ca.uhn.fhir.rest.api.RestSearchParameterTypeEnum;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.hl7.fhir.instance.model.api.IBaseCoding;
import org.hl7.fhir.r4.fhirpath.ExpressionNode;
import org.hl7.fhir.r4.fhirpath.FHIRPathEngine;
import org.hl7.fhir.r4.hapi.ctx.HapiWorkerContext;
import org.hl7.fhir.r4.model.Address;
import org.hl7.fhir.r4.model.Base;
import org.hl7.fhir.r4.model.BaseDateTimeType;
import org.hl7.fhir.r4.model.CodeType;
import org.hl7.fhir.r4.model.CodeableConcept;
import org.hl7.fhir.r4.model.Coding;
import org.hl7.fhir.r4.model.DateTimeType;
import org.hl7.fhir.r4.model.DateType;
import org.hl7.fhir.r4.model.DecimalType;
import org.hl7.fhir.r4.model.Enumeration;
import org.hl7.fhir.r4.model.HumanName;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Identifier;
import org.hl7.fhir.r4.model.InstantType;
import org.hl7.fhir.r4.model.IntegerType;
import org.hl7.fhir.r4.model.Money;
import org.hl7.fhir.r4.model.Period;
import org.hl7.fhir.r4.model.PrimitiveType;
import org.hl7.fhir.r4.model.Quantity;
import org.hl7.fhir.r4.model.Reference;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r4.model.StringType;
import org.hl7.fhir.r4.model.Timing;
import org.hl7.fhir.r4.model.UriType;

/**
 * The values of a resource's search parameters, read by FHIRPath as the SDK's ResourceIndexer does.
 *
 * <p>Kinder to the peer than the SDK is: expressions are parsed once instead of at every evaluation, and
 * quantities are not converted to UCUM's base units.
 */
final class Indexer {
  private static final long DAY = 86_400_000L;

  /** One row of an index table: its name, its path, its values. */
  record Row(Schema.Table table, String name, String path, Object... values) {}

  /** The parts of a union are evaluated one by one, which spares comparing what they find. */
  private record Parameter(
      String name, String path, RestSearchParameterTypeEnum type, List<ExpressionNode> parts) {}

  private final FhirContext context;
  private final FHIRPathEngine engine;
  private final Map<String, List<Parameter>> parameters = new HashMap<>();

  Indexer(FhirContext context) {
    this.context = context;
    this.engine =
        new FHIRPathEngine(new HapiWorkerContext(context, new DefaultProfileValidationSupport(context)));
  }

  List<Row> index(Resource resource) {
    List<Row> rows = new ArrayList<>();
    for (Parameter parameter : parametersOf(resource.fhirType())) {
      for (ExpressionNode part : parameter.parts) {
        for (Base value : engine.evaluate(resource, part)) {
          add(rows, parameter, value);
        }
      }
    }
    if (resource.getMeta().hasLastUpdated()) {
      long at = resource.getMeta().getLastUpdated().getTime();
      String path = resource.fhirType() + ".meta.lastUpdated";
      rows.add(new Row(Schema.Table.DATE_TIME, "_lastUpdated", path, at, at));
    }
    return rows;
  }

  private List<Parameter> parametersOf(String type) {
    return parameters.computeIfAbsent(
        type,
        kind -> {
          List<Parameter> found = new ArrayList<>();
          for (RuntimeSearchParam parameter : context.getResourceDefinition(kind).getSearchParams()) {
            List<String> paths = ofThisType(parameter.getPath(), kind);
            if (!paths.isEmpty()) {
              found.add(
                  new Parameter(
                      parameter.getName(),
                      String.join(" | ", paths),
                      parameter.getParamType(),
                      paths.stream().map(engine::parse).toList()));
            }
          }
          return found;
        });
  }

  /** HAPI names the paths of all types that share a parameter; the SDK keeps those of the type. */
  private static List<String> ofThisType(String path, String type) {
    List<String> kept = new ArrayList<>();
    for (String part : path == null ? new String[0] : path.split("\\|")) {
      String trimmed = part.trim();
      String begin = trimmed.replaceFirst("^\\(+", "");
      if (begin.startsWith(type + ".") || begin.startsWith("Resource.")) {
        kept.add(trimmed);
      }
    }
    return kept;
  }

  private static void add(List<Row> rows, Parameter parameter, Base value) {
    switch (parameter.type) {
      case NUMBER -> number(rows, parameter, value);
      case DATE -> date(rows, parameter, value);
      case STRING -> string(rows, parameter, value);
      case TOKEN -> token(rows, parameter, value);
      case REFERENCE -> reference(rows, parameter, value);
      case QUANTITY -> quantity(rows, parameter, value);
      case URI -> uri(rows, parameter, value);
      default -> {
        // The SDK keeps nothing for composite parameters, and positions are not in these data.
      }
    }
  }

  private static void put(List<Row> rows, Schema.Table table, Parameter parameter, Object... values) {
    rows.add(new Row(table, parameter.name, parameter.path, values));
  }

  private static void number(List<Row> rows, Parameter parameter, Base value) {
    if (value instanceof IntegerType integer) {
      put(rows, Schema.Table.NUMBER, parameter, integer.getValue().doubleValue());
    } else if (value instanceof DecimalType decimal) {
      put(rows, Schema.Table.NUMBER, parameter, decimal.getValue().doubleValue());
    }
  }

  private static void date(List<Row> rows, Parameter parameter, Base value) {
    if (value instanceof DateType date) {
      long from = Math.floorDiv(date.getValue().getTime(), DAY);
      put(rows, Schema.Table.DATE, parameter, from, Math.floorDiv(end(date), DAY));
    } else if (value instanceof DateTimeType at) {
      put(rows, Schema.Table.DATE_TIME, parameter, at.getValue().getTime(), end(at));
    } else if (value instanceof InstantType at) {
      put(rows, Schema.Table.DATE_TIME, parameter, at.getValue().getTime(), at.getValue().getTime());
    } else if (value instanceof Period period) {
      long from = period.hasStart() ? period.getStart().getTime() : 0L;
      long to = period.hasEnd() ? end(period.getEndElement()) : Long.MAX_VALUE;
      put(rows, Schema.Table.DATE_TIME, parameter, from, to);
    } else if (value instanceof Timing timing && timing.hasEvent()) {
      long from = timing.getEvent().stream().mapToLong(at -> at.getValue().getTime()).min().orElse(0);
      long to = timing.getEvent().stream().mapToLong(Indexer::end).max().orElse(0);
      put(rows, Schema.Table.DATE_TIME, parameter, from, to);
    } else if (value instanceof StringType text) {
      try {
        DateTimeType at = new DateTimeType(text.getValue());
        put(rows, Schema.Table.DATE_TIME, parameter, at.getValue().getTime(), end(at));
      } catch (IllegalArgumentException | DataFormatException notATime) {
        // A schedule in words; the SDK leaves it out, too.
      }
    }
  }

  /** The last millisecond that a time of its precision names. */
  private static long end(BaseDateTimeType at) {
    return at.getPrecision().add(at.getValue(), 1).getTime() - 1;
  }

  private static void string(List<Row> rows, Parameter parameter, Base value) {
    if (value.isEmpty()) {
      return;
    }
    String text;
    if (value instanceof HumanName name) {
      text = name.getNameAsSingleString();
    } else if (value instanceof Address address) {
      StringJoiner joined = new StringJoiner(", ");
      address.getLine().forEach(line -> joined.add(line.getValue()));
      for (String part :
          new String[] {
            address.getCity(), address.getDistrict(), address.getState(), address.getCountry(),
            address.getPostalCode(), address.getText()
          }) {
        if (part != null && !part.isBlank()) {
          joined.add(part);
        }
      }
      text = joined.toString();
    } else {
      text = value instanceof PrimitiveType<?> primitive ? primitive.getValueAsString() : value.toString();
    }
    if (text != null) {
      put(rows, Schema.Table.STRING, parameter, text);
    }
  }

  private static void token(List<Row> rows, Parameter parameter, Base value) {
    if (value instanceof CodeableConcept concept) {
      for (Coding coding : concept.getCoding()) {
        coding(rows, parameter, coding);
      }
    } else if (value instanceof IBaseCoding coding) {
      coding(rows, parameter, coding);
    } else if (value instanceof Identifier identifier) {
      if (identifier.getValue() != null) {
        put(rows, Schema.Table.TOKEN, parameter, identifier.getSystem(), identifier.getValue());
      }
    } else if (value instanceof Enumeration<?> code) {
      if (code.getValueAsString() != null) {
        put(rows, Schema.Table.TOKEN, parameter, code.getSystem(), code.getValueAsString());
      }
    } else if (value instanceof CodeType code) {
      if (code.getValue() != null) {
        put(rows, Schema.Table.TOKEN, parameter, code.getSystem(), code.getValue());
      }
    } else if (value instanceof IdType id) {
      if (id.getIdPart() != null) {
        put(rows, Schema.Table.TOKEN, parameter, null, id.getIdPart());
      }
    } else if (value.fhirType().equals("boolean")) {
      put(rows, Schema.Table.TOKEN, parameter, null, value.primitiveValue());
    }
  }

  private static void coding(List<Row> rows, Parameter parameter, IBaseCoding coding) {
    if (coding.getCode() != null && !coding.getCode().isEmpty()) {
      String system = coding.getSystem() == null ? "" : coding.getSystem();
      put(rows, Schema.Table.TOKEN, parameter, system, coding.getCode());
    }
  }

  private static void reference(List<Row> rows, Parameter parameter, Base value) {
    String target = null;
    if (value instanceof Reference reference) {
      target = reference.getReference();
    } else if (value instanceof UriType uri) {
      target = uri.getValue();
    }
    if (target != null) {
      put(rows, Schema.Table.REFERENCE, parameter, target);
    }
  }

  private static void quantity(List<Row> rows, Parameter parameter, Base value) {
    if (value instanceof Money money && money.getValue() != null) {
      put(
          rows,
          Schema.Table.QUANTITY,
          parameter,
          "urn:iso:std:iso:4217",
          money.getCurrency(),
          money.getValue().doubleValue());
    } else if (value instanceof Quantity quantity && quantity.getValue() != null) {
      double number = quantity.getValue().doubleValue();
      if (quantity.getUnit() != null) {
        put(rows, Schema.Table.QUANTITY, parameter, "", quantity.getUnit(), number);
      }
      String system = quantity.getSystem() == null ? "" : quantity.getSystem();
      String code = quantity.getCode() == null ? "" : quantity.getCode();
      put(rows, Schema.Table.QUANTITY, parameter, system, code, number);
    }
  }

  private static void uri(List<Row> rows, Parameter parameter, Base value) {
    if (value instanceof UriType uri && uri.getValue() != null && !uri.getValue().isEmpty()) {
      put(rows, Schema.Table.URI, parameter, uri.getValue());
    }
  }
}
