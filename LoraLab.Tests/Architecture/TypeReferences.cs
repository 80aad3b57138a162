using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace LoraLab.Tests.Architecture;

/// <summary>
/// References between the types of an assembly, read from its metadata: base types, members, attributes and method bodies. Nested types,
/// including those that the compiler generates for lambdas and iterators, count as their outermost type. Constants are not seen, because
/// the compiler inlines them.
/// </summary>
internal sealed class TypeReferences
{
    private readonly MetadataReader _metadata;
    private readonly PEReader _image;
    private readonly HashSet<(string From, string To)> _found = [];
    private readonly Dictionary<string, string> _spaces = [];

    private TypeReferences(PEReader image)
    {
        _image = image;
        _metadata = image.GetMetadataReader();
    }

    /// <summary>Namespace by full name, for each type that is not nested.</summary>
    public IReadOnlyDictionary<string, string> Namespaces => _spaces;

    /// <summary>Pairs of distinct full names: the first type uses the second.</summary>
    public IReadOnlySet<(string From, string To)> References => _found;

    /// <summary>Reads an assembly file.</summary>
    public static TypeReferences Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        using PEReader image = new(file);
        TypeReferences references = new(image);
        references.ReadAll();
        return references;
    }

    private void ReadAll()
    {
        foreach (TypeDefinitionHandle handle in _metadata.TypeDefinitions)
        {
            TypeDefinition type = _metadata.GetTypeDefinition(handle);
            if (type.GetDeclaringType().IsNil && _metadata.GetString(type.Namespace) is { Length: > 0 } space)
            {
                _spaces[NameOf(handle)] = space;
            }

            Read(NameOf(handle), type);
        }
    }

    private void Read(string user, TypeDefinition type)
    {
        Use(user, type.BaseType);
        foreach (InterfaceImplementationHandle implemented in type.GetInterfaceImplementations())
        {
            Use(user, _metadata.GetInterfaceImplementation(implemented).Interface);
        }

        Constraints(user, type.GetGenericParameters());
        foreach (FieldDefinitionHandle field in type.GetFields())
        {
            Use(user, _metadata.GetFieldDefinition(field).DecodeSignature(new Names(this), null));
            Attributes(user, _metadata.GetFieldDefinition(field).GetCustomAttributes());
        }

        foreach (PropertyDefinitionHandle property in type.GetProperties())
        {
            Attributes(user, _metadata.GetPropertyDefinition(property).GetCustomAttributes());
        }

        Attributes(user, type.GetCustomAttributes());
        foreach (MethodDefinitionHandle handle in type.GetMethods())
        {
            MethodDefinition method = _metadata.GetMethodDefinition(handle);
            Use(user, method.DecodeSignature(new Names(this), null));
            Constraints(user, method.GetGenericParameters());
            Attributes(user, method.GetCustomAttributes());
            if (method.RelativeVirtualAddress != 0)
            {
                Body(user, _image.GetMethodBody(method.RelativeVirtualAddress));
            }
        }
    }

    private void Body(string user, MethodBodyBlock body)
    {
        if (!body.LocalSignature.IsNil)
        {
            foreach (IEnumerable<string> local in _metadata.GetStandaloneSignature(body.LocalSignature)
                .DecodeLocalSignature(new Names(this), null))
            {
                Use(user, local);
            }
        }

        foreach (ExceptionRegion region in body.ExceptionRegions)
        {
            Use(user, region.CatchType);
        }

        foreach (EntityHandle token in Instructions.Tokens(body.GetILReader()))
        {
            Use(user, token);
        }
    }

    private void Attributes(string user, CustomAttributeHandleCollection attributes)
    {
        foreach (CustomAttributeHandle attribute in attributes)
        {
            Use(user, _metadata.GetCustomAttribute(attribute).Constructor);
        }
    }

    private void Constraints(string user, GenericParameterHandleCollection parameters)
    {
        foreach (GenericParameterHandle parameter in parameters)
        {
            foreach (GenericParameterConstraintHandle constraint in _metadata.GetGenericParameter(parameter).GetConstraints())
            {
                Use(user, _metadata.GetGenericParameterConstraint(constraint).Type);
            }
        }
    }

    private void Use(string user, MethodSignature<IEnumerable<string>> signature)
    {
        Use(user, signature.ReturnType);
        foreach (IEnumerable<string> parameter in signature.ParameterTypes)
        {
            Use(user, parameter);
        }
    }

    private void Use(string user, IEnumerable<string> used) =>
        _found.UnionWith(used.Where(name => name != user).Select(name => (user, name)));

    private void Use(string user, EntityHandle used)
    {
        if (used.IsNil)
        {
            return;
        }

        switch (used.Kind)
        {
            case HandleKind.TypeDefinition:
                Use(user, [NameOf((TypeDefinitionHandle)used)]);
                break;
            case HandleKind.TypeSpecification:
                Use(user, _metadata.GetTypeSpecification((TypeSpecificationHandle)used).DecodeSignature(new Names(this), null));
                break;
            case HandleKind.MethodDefinition:
                Use(user, _metadata.GetMethodDefinition((MethodDefinitionHandle)used).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                Use(user, _metadata.GetFieldDefinition((FieldDefinitionHandle)used).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Use(user, _metadata.GetMemberReference((MemberReferenceHandle)used).Parent);
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification method = _metadata.GetMethodSpecification((MethodSpecificationHandle)used);
                Use(user, method.Method);
                foreach (IEnumerable<string> argument in method.DecodeSignature(new Names(this), null))
                {
                    Use(user, argument);
                }

                break;
        }
    }

    /// <summary>Full name of the outermost type.</summary>
    private string NameOf(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _metadata.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil)
        {
            type = _metadata.GetTypeDefinition(type.GetDeclaringType());
        }

        return $"{_metadata.GetString(type.Namespace)}.{_metadata.GetString(type.Name)}";
    }

    /// <summary>Types of this assembly in a signature.</summary>
    private sealed class Names(TypeReferences owner) : ISignatureTypeProvider<IEnumerable<string>, object?>
    {
        public IEnumerable<string> GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
            [owner.NameOf(handle)];

        public IEnumerable<string> GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public IEnumerable<string> GetGenericInstantiation(
            IEnumerable<string> genericType, System.Collections.Immutable.ImmutableArray<IEnumerable<string>> typeArguments) =>
            [.. genericType, .. typeArguments.SelectMany(argument => argument)];

        public IEnumerable<string> GetFunctionPointerType(MethodSignature<IEnumerable<string>> signature) =>
            [.. signature.ReturnType, .. signature.ParameterTypes.SelectMany(parameter => parameter)];

        public IEnumerable<string> GetModifiedType(IEnumerable<string> modifier, IEnumerable<string> unmodifiedType, bool isRequired) =>
            [.. modifier, .. unmodifiedType];

        public IEnumerable<string> GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => [];

        public IEnumerable<string> GetPrimitiveType(PrimitiveTypeCode typeCode) => [];

        public IEnumerable<string> GetGenericMethodParameter(object? genericContext, int index) => [];

        public IEnumerable<string> GetGenericTypeParameter(object? genericContext, int index) => [];

        public IEnumerable<string> GetArrayType(IEnumerable<string> elementType, ArrayShape shape) => elementType;

        public IEnumerable<string> GetSZArrayType(IEnumerable<string> elementType) => elementType;

        public IEnumerable<string> GetByReferenceType(IEnumerable<string> elementType) => elementType;

        public IEnumerable<string> GetPointerType(IEnumerable<string> elementType) => elementType;

        public IEnumerable<string> GetPinnedType(IEnumerable<string> elementType) => elementType;
    }
}
