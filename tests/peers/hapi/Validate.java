import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationResult;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * Validates FHIR R4 resources offline: ndjson on stdin, one JSON line a resource on stdout.
 *
 * <pre>{"line":1,"resource":"Slot/a","valid":false,"errors":[{"at":"Slot","message":"Slot.end: …"}],"warnings":2}</pre>
 *
 * The first resource takes some seconds, because FHIR's definitions are loaded then; so give all
 * resources to one run. Codes of systems that are not at hand (SNOMED CT, LOINC, our own) and
 * profiles that are not at hand (US Core, VN Core) are warnings.
 */
public final class Validate {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Validate() {}

    private static FhirValidator validator() {
        FhirContext context = FhirContext.forR4();
        UnknownCodeSystemWarningValidationSupport unknown =
                new UnknownCodeSystemWarningValidationSupport(context);
        unknown.setNonExistentCodeSystemSeverity(
                ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity.WARNING);
        ValidationSupportChain support =
                new ValidationSupportChain(
                        new DefaultProfileValidationSupport(context),
                        new InMemoryTerminologyServerValidationSupport(context),
                        new CommonCodeSystemsTerminologyService(context),
                        unknown);
        FhirInstanceValidator instance = new FhirInstanceValidator(support);
        instance.setAnyExtensionsAllowed(true);
        instance.setErrorForUnknownProfiles(false);
        instance.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
        return context.newValidator().registerValidatorModule(instance);
    }

    private static ObjectNode validate(FhirValidator validator, String text) {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode errors = JSON.createArrayNode();
        int warnings = 0;
        try {
            JsonNode resource = JSON.readTree(text);
            answer.put(
                    "resource",
                    resource.path("resourceType").asText() + "/" + resource.path("id").asText());
            ValidationResult result = validator.validateWithResult(text);
            for (SingleValidationMessage message : result.getMessages()) {
                ResultSeverityEnum severity = message.getSeverity();
                if (severity == ResultSeverityEnum.ERROR || severity == ResultSeverityEnum.FATAL) {
                    ObjectNode error = errors.addObject();
                    error.put("at", message.getLocationString());
                    error.put("id", message.getMessageId());
                    error.put("message", message.getMessage());
                } else if (severity == ResultSeverityEnum.WARNING) {
                    warnings++;
                }
            }
        } catch (JsonProcessingException | RuntimeException exception) {
            errors.addObject().put("at", "").put("message", exception.toString());
        }
        answer.put("valid", errors.isEmpty());
        answer.set("errors", errors);
        answer.put("warnings", warnings);
        return answer;
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        // Whatever a library prints must not get between our lines.
        System.setOut(System.err);
        FhirValidator validator = validator();
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int line = 0;
        for (String text = in.readLine(); text != null; text = in.readLine()) {
            line++;
            if (text.isBlank()) {
                continue;
            }
            ObjectNode answer = JSON.createObjectNode();
            answer.put("line", line);
            answer.setAll(validate(validator, text));
            out.println(JSON.writeValueAsString(answer));
        }
    }
}
