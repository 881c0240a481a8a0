package connecthealth;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.utils.builder.Buildable;

/** A value of the service's model. Its members are read and written by the SDK's marshallers through its fields. */
public final class Structure implements Members, SdkPojo, Buildable {
    private final List<SdkField<?>> fields;
    private final Map<String, Object> members = new LinkedHashMap<>();

    Structure(List<SdkField<?>> fields) {
        this.fields = fields;
    }

    public Structure with(String name, Object value) {
        members.put(name, value);
        return this;
    }

    @Override
    public Map<String, Object> members() {
        return members;
    }

    @Override
    public List<SdkField<?>> sdkFields() {
        return fields;
    }

    @Override
    public Map<String, SdkField<?>> sdkFieldNameToField() {
        return Members.byName(fields);
    }

    @Override
    public Structure build() {
        return this;
    }
}
