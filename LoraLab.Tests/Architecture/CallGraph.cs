using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace LoraLab.Tests.Architecture;

/// <summary>
/// Which methods the methods of an assembly call, read from their IL. A method's name is <c>Namespace.Type.Method(parameters)</c>, the same
/// for a method of the assembly and for a reference to one of another, so graphs of two assemblies fit together.
/// </summary>
internal static class CallGraph
{
    /// <summary>The names of the called methods by the name of their caller.</summary>
    public static ILookup<string, string> Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        using PEReader image = new(file);
        MetadataReader metadata = image.GetMetadataReader();
        List<(string Caller, string Called)> calls = [];
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress != 0)
            {
                string caller = NameOf(metadata, handle)!;
                calls.AddRange(Instructions.Tokens(image.GetMethodBody(method.RelativeVirtualAddress).GetILReader())
                    .Select(token => NameOf(metadata, token)).OfType<string>().Select(called => (caller, called)));
            }
        }

        return calls.ToLookup(call => call.Caller, call => call.Called);
    }

    /// <summary>The name of a method; null for a type, a field, or a method of an array or of a generic type.</summary>
    private static string? NameOf(MetadataReader metadata, EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodSpecification:
                return NameOf(metadata, metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            case HandleKind.MethodDefinition:
                MethodDefinition method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return Name(
                    Names.Of(metadata, method.GetDeclaringType()),
                    metadata.GetString(method.Name),
                    method.DecodeSignature(Names.Instance, null));
            case HandleKind.MemberReference:
                MemberReference member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                return member.GetKind() != MemberReferenceKind.Method || member.Parent.Kind != HandleKind.TypeReference
                    ? null
                    : Name(
                        Names.Of(metadata, (TypeReferenceHandle)member.Parent),
                        metadata.GetString(member.Name),
                        member.DecodeMethodSignature(Names.Instance, null));
            default:
                return null;
        }
    }

    private static string Name(string type, string method, MethodSignature<string> signature) =>
        $"{type}.{method}({string.Join(",", signature.ParameterTypes)})";

    /// <summary>Types of a signature by name.</summary>
    private sealed class Names : ISignatureTypeProvider<string, object?>
    {
        public static readonly Names Instance = new();

        public static string Of(MetadataReader reader, TypeDefinitionHandle handle)
        {
            TypeDefinition type = reader.GetTypeDefinition(handle);
            TypeDefinitionHandle outer = type.GetDeclaringType();
            string space = outer.IsNil ? reader.GetString(type.Namespace) : Of(reader, outer);
            return $"{space}.{reader.GetString(type.Name)}";
        }

        public static string Of(MetadataReader reader, TypeReferenceHandle handle)
        {
            TypeReference type = reader.GetTypeReference(handle);
            string space = type.ResolutionScope.Kind == HandleKind.TypeReference
                ? Of(reader, (TypeReferenceHandle)type.ResolutionScope)
                : reader.GetString(type.Namespace);
            return $"{space}.{reader.GetString(type.Name)}";
        }

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => Of(reader, handle);

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => Of(reader, handle);

        public string GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
            $"{genericType}<{string.Join(",", typeArguments)}>";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetGenericMethodParameter(object? genericContext, int index) => $"method{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"type{index}";

        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{shape.Rank}]";

        public string GetSZArrayType(string elementType) => $"{elementType}[]";

        public string GetByReferenceType(string elementType) => $"{elementType}&";

        public string GetPointerType(string elementType) => $"{elementType}*";

        public string GetPinnedType(string elementType) => elementType;
    }
}
