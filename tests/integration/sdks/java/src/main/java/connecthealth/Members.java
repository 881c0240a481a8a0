package connecthealth;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkField;

/** Something with members by their modeled names; one without a value is absent. */
interface Members {
    Map<String, Object> members();

    static Map<String, SdkField<?>> byName(List<SdkField<?>> fields) {
        Map<String, SdkField<?>> found = new LinkedHashMap<>();
        fields.forEach(field -> found.put(field.locationName(), field));
        return found;
    }
}
